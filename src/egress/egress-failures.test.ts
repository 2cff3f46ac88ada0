import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptResult } from '../domain/attempt-result.ts';
import { MAX_RESPONSE_BYTES, MAX_RESPONSE_HEAD_BYTES } from './limits.ts';
import { answerRaw, startHttp, startTcp } from './testing/servers.ts';
import { request, sendTo, setupEgress, summary } from './testing/setup.ts';

/** How long after its deadline a request may end on a busy machine. */
const SLACK_MS = 700;

function assertTimeout(result: AttemptResult, timeoutMs: number): void {
  assert.equal(summary(result), `timeout: no complete response within ${timeoutMs} ms`);
  assert.ok(result.durationMs >= timeoutMs, `${result.durationMs} ms is before the deadline`);
  assert.ok(result.durationMs < timeoutMs + SLACK_MS, `${result.durationMs} ms`);
}

test('nothing listens: connect', async (t) => {
  const result = await sendTo(setupEgress(t), 'http://127.0.0.1:1/');
  assert.equal(summary(result), 'connect: the target refused the connection');
});

test('a receiver that never answers: timeout, and its socket is closed', async (t) => {
  const closed = Promise.withResolvers<void>();
  const server = await startTcp(t, (socket) => socket.resume().on('close', () => closed.resolve()));
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`, {
    timeoutMs: 150,
  });
  assertTimeout(result, 150);
  await closed.promise;
});

test('a body that drips for ever still ends at the deadline', async (t) => {
  const server = await startHttp(t, (_, res) => {
    res.writeHead(200);
    const drip = setInterval(() => res.write('x'), 20);
    res.on('close', () => clearInterval(drip));
  });
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`, {
    timeoutMs: 300,
  });
  assertTimeout(result, 300);
});

test('headers that drip for ever still end at the deadline', async (t) => {
  const server = await startTcp(
    t,
    answerRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const drip = setInterval(() => socket.write('a: b\r\n'), 20);
      socket.on('close', () => clearInterval(drip));
    }),
  );
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`, {
    timeoutMs: 300,
  });
  assertTimeout(result, 300);
});

test('a connection closed before, inside and instead of the response: reset', async (t) => {
  const answers = [
    '',
    'HTTP/1.1 200 O',
    'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf',
  ];
  const egress = setupEgress(t);
  for (const answer of answers) {
    const server = await startTcp(
      t,
      answerRaw((socket) => socket.end(answer)),
    );
    const result = await sendTo(egress, `http://127.0.0.1:${server.port}/`);
    const expected = 'reset: the connection closed before the response was complete';
    assert.equal(summary(result), expected, JSON.stringify(answer));
  }
});

test('a connection reset in the middle of the response: reset', async (t) => {
  const server = await startTcp(
    t,
    answerRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => {
        socket.resetAndDestroy();
      });
    }),
  );
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`);
  assert.match(summary(result), /^reset: /);
});

test('what is not HTTP: reset', async (t) => {
  const server = await startTcp(
    t,
    answerRaw((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')),
  );
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`);
  assert.equal(summary(result), 'reset: the response is not valid HTTP/1.1');
});

test('a head larger than the limit: response_too_large', async (t) => {
  const server = await startTcp(
    t,
    answerRaw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(MAX_RESPONSE_HEAD_BYTES)}\r\n\r\n`);
    }),
  );
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`);
  assert.equal(summary(result), 'response_too_large: the head of the response is too large');
});

test('an endless body is cut, counts as a response and its socket is destroyed', async (t) => {
  const closed = Promise.withResolvers<void>();
  const chunk = Buffer.alloc(16_384, 'x');
  const server = await startHttp(t, (_, res) => {
    const fill = () => {
      while (!res.destroyed && res.write(chunk));
    };
    res.on('drain', fill).on('close', () => closed.resolve());
    res.writeHead(200);
    fill();
  });
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`);
  assert.equal(summary(result), 'response 200');
  assert.equal(result.kind === 'response' && result.body.length, MAX_RESPONSE_BYTES);
  await closed.promise;
});

test('a body of 10 MiB is cut and the origin stays usable', async (t) => {
  const server = await startHttp(t, (_, res) => res.end(Buffer.alloc(10 * 1_024 * 1_024, 'x')));
  const egress = setupEgress(t);
  for (let n = 0; n < 3; n += 1) {
    const result = await sendTo(egress, `http://127.0.0.1:${server.port}/`);
    assert.equal(result.kind === 'response' && result.body.length, MAX_RESPONSE_BYTES);
  }
  assert.equal(server.connections, 3);
});

test('a body of exactly the limit is complete and keeps the connection', async (t) => {
  const server = await startHttp(t, (_, res) => res.end(Buffer.alloc(MAX_RESPONSE_BYTES, 'x')));
  const egress = setupEgress(t);
  for (let n = 0; n < 3; n += 1) {
    const result = await sendTo(egress, `http://127.0.0.1:${server.port}/`);
    assert.equal(result.kind === 'response' && result.body.length, MAX_RESPONSE_BYTES);
  }
  assert.equal(server.connections, 1);
});

test('works again after a failure on the same origin', async (t) => {
  let isBroken = true;
  const server = await startHttp(t, (req, res) => {
    if (isBroken) req.socket.destroy();
    else res.end();
  });
  const egress = setupEgress(t);
  const url = `http://127.0.0.1:${server.port}/`;
  assert.match(summary(await sendTo(egress, url)), /^reset: /);
  isBroken = false;
  assert.equal(summary(await sendTo(egress, url)), 'response 200');
});

test('an aborted request reports so, on the wire or waiting for its turn', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const server = await startHttp(t, () => arrived.resolve());
  const egress = setupEgress(t);
  const url = `http://127.0.0.1:${server.port}/`;
  const parts = { maxConnections: 1 };
  const onWire = Promise.withResolvers<AttemptResult>();
  const waiting = Promise.withResolvers<AttemptResult>();
  const first = egress.send(request(url, parts), onWire.resolve);
  const second = egress.send(request(url, parts), waiting.resolve);
  await arrived.promise;
  second.abort();
  first.abort();
  const results = await Promise.all([onWire.promise, waiting.promise]);
  assert.deepEqual(results.map(summary), Array(2).fill('reset: aborted by shutdown'));
});

test('close ends what is under way, and sending afterwards fails at once', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const server = await startTcp(t, (socket) => socket.on('data', () => arrived.resolve()));
  const egress = setupEgress(t);
  const url = `http://127.0.0.1:${server.port}/`;
  const pending = sendTo(egress, url);
  await arrived.promise;
  await egress.close();
  await egress.close();
  assert.equal(summary(await pending), 'reset: aborted by shutdown');
  assert.equal(summary(await sendTo(egress, url)), 'reset: aborted by shutdown');
});
