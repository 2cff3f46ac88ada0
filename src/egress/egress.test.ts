import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { AttemptResult } from '../domain/attempt-result.ts';
import type { Clock } from '../runtime/clock.ts';
import { DEADLINE_TICK_MS } from './limits.ts';
import { realClock } from './testing/clocks.ts';
import { answerRaw, startHttp, startTcp } from './testing/servers.ts';
import { fakeResolver, request, sendTo, setupEgress, summary, until } from './testing/setup.ts';

function assertResponse(
  result: AttemptResult,
): asserts result is Extract<AttemptResult, { kind: 'response' }> {
  assert.equal(result.kind, 'response', summary(result));
}

test('sends the request as given and reports the response as received', async (t) => {
  const received: unknown[] = [];
  const server = await startHttp(t, async (req, res) => {
    const body = (await buffer(req)).toString();
    received.push([req.method, req.url, req.headers['webhook-id'], req.headers.host, body]);
    res.writeHead(202, { 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] }).end('thanks');
  });
  const egress = setupEgress(t);
  const url = `http://127.0.0.1:${server.port}/in/box?a=b%20c`;
  const result = await sendTo(egress, url, { headers: { 'webhook-id': 'evt_1' } });
  assert.deepEqual(received, [
    ['POST', '/in/box?a=b%20c', 'evt_1', `127.0.0.1:${server.port}`, '{"n":1}'],
  ]);
  assertResponse(result);
  assert.equal(result.status, 202);
  assert.equal(result.headers['x-one'], '1');
  assert.equal(result.headers['set-cookie'], 'a=1, b=2');
  assert.equal(Buffer.from(result.body).toString(), 'thanks');
  assert.ok(result.durationMs > 0 && result.durationMs < 3_000);
});

test('joins the chunks of a body and knows bodies without bytes', async (t) => {
  const server = await startHttp(t, (req, res) => {
    req.resume();
    if (req.method === 'GET') return res.writeHead(204).end();
    res.write('one ');
    return setImmediate(() => setImmediate(() => res.end('two')));
  });
  const egress = setupEgress(t);
  const url = `http://localhost:${server.port}/`;
  const chunked = await sendTo(egress, url, { method: 'PUT' });
  assertResponse(chunked);
  assert.equal(Buffer.from(chunked.body).toString(), 'one two');
  const empty = await sendTo(egress, url, { method: 'GET', body: null });
  assertResponse(empty);
  assert.deepEqual([empty.status, empty.body.length], [204, 0]);
});

test('keeps connections alive', async (t) => {
  const server = await startHttp(t, (_, res) => res.end());
  const egress = setupEgress(t);
  for (let n = 0; n < 5; n += 1) await sendTo(egress, `http://127.0.0.1:${server.port}/${n}`);
  assert.equal(server.connections, 1);
});

test('a redirect is a response like any other and leads nowhere', async (t) => {
  const elsewhere = await startHttp(t, (_, res) => res.end());
  const egress = setupEgress(t);
  for (const status of [301, 302, 303, 307, 308]) {
    const location = `http://127.0.0.1:${elsewhere.port}/`;
    const server = await startHttp(t, (_, res) => res.writeHead(status, { location }).end());
    const result = await sendTo(egress, `http://127.0.0.1:${server.port}/`);
    assert.equal(summary(result), `response ${status}`);
  }
  assert.equal(elsewhere.connections, 0);
});

test('does not decode the body and asks for no encoding', async (t) => {
  const packed = gzipSync('hello'.repeat(1_000));
  const asked: unknown[] = [];
  const server = await startHttp(t, (req, res) => {
    asked.push(req.headers['accept-encoding']);
    res.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
  });
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`);
  assertResponse(result);
  assert.deepEqual(Buffer.from(result.body), packed);
  assert.deepEqual(asked, ['identity']);
});

test('interim responses are passed over', async (t) => {
  const server = await startTcp(
    t,
    answerRaw((socket) => {
      const interim = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
      socket.end(`${interim.repeat(50)}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`);
    }),
  );
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`);
  assertResponse(result);
  assert.deepEqual([result.status, Object.keys(result.headers)], [200, ['content-length']]);
});

test('headers that would break the request are refused, nothing is sent', async (t) => {
  const server = await startHttp(t, (_, res) => res.end());
  const egress = setupEgress(t);
  const wrong: (readonly string[])[] = [
    ['x-a', '1\r\nx-b: 2'],
    ['x-a', '1\nx-b: 2'],
    ['x-a', '1\0'],
    ['x-a', '\u560a'],
    ['x-a\r\nx-b', '1'],
    ['x a', '1'],
    ['', '1'],
    ['Host', 'internal'],
    ['transfer-encoding', 'chunked'],
    ['upgrade', 'websocket'],
    ['expect', '100-continue'],
    ['x-a'],
  ];
  for (const headers of wrong) {
    const result = await sendTo(egress, `http://127.0.0.1:${server.port}/`, { headers });
    assert.match(summary(result), /^blocked: the request .* not allowed$/, JSON.stringify(headers));
  }
  assert.equal(server.connections, 0);
});

test('a content length that is not the length of the body is refused', async (t) => {
  let requests = 0;
  const server = await startHttp(t, (_, res) => {
    requests += 1;
    res.end();
  });
  const headers = ['content-length', '3'];
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`, { headers });
  assert.match(summary(result), /^blocked:/);
  assert.equal(requests, 0);
});

test('only http and https are sent', async (t) => {
  const egress = setupEgress(t);
  for (const url of ['ftp://a.example.com/', 'file:///etc/passwd', 'data:,x']) {
    assert.equal(summary(await sendTo(egress, url)), 'blocked: target address is not allowed');
  }
});

test('a blocked target looks the same whether something listens or not', async (t) => {
  const server = await startHttp(t, (_, res) => res.end(), '127.0.0.3');
  const egress = setupEgress(t);
  for (const port of [server.port, 1]) {
    const result = await sendTo(egress, `http://127.0.0.3:${port}/`);
    assert.equal(summary(result), 'blocked: target address is not allowed');
  }
  assert.equal(server.connections, 0);
});

test('a name that changes to a forbidden address between requests is refused', async (t) => {
  const server = await startHttp(
    t,
    (_, res) => res.writeHead(200, { connection: 'close' }).end(),
    '127.0.0.2',
  );
  const canary = await startHttp(t, (_, res) => res.end(), '127.0.0.3');
  const resolver = fakeResolver({ 'a.example.com': [['127.0.0.2'], ['127.0.0.3']] });
  const egress = setupEgress(t, { resolver });
  const results: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    const result = await sendTo(egress, `http://a.example.com:${server.port}/`);
    results.push(result.kind === 'response' ? 'response' : result.reason);
  }
  assert.deepEqual(results, ['response', 'blocked', 'response', 'blocked', 'response', 'blocked']);
  assert.equal(canary.connections, 0);
});

test('proxy variables have no effect', async (t) => {
  const proxy = await startHttp(t, (_, res) => res.end());
  const server = await startHttp(t, (_, res) => res.writeHead(201).end());
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
  setEnvironment(t, names, `http://127.0.0.1:${proxy.port}`);
  const result = await sendTo(setupEgress(t), `http://127.0.0.1:${server.port}/`);
  assert.equal(summary(result), 'response 201');
  assert.equal(proxy.connections, 0);
});

function setEnvironment(t: TestContext, names: readonly string[], value: string): void {
  for (const name of names) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

test('done is called once, and never before send has returned', async (t) => {
  const server = await startHttp(t, (_, res) => res.end());
  const egress = setupEgress(t);
  const urls = [
    `http://127.0.0.1:${server.port}/`,
    'http://127.0.0.3:9999/',
    'ftp://a.example.com/',
    'http://127.0.0.1:1/',
  ];
  for (const url of urls) {
    let calls = 0;
    let hasReturned = false;
    await new Promise<void>((resolve) => {
      const handle = egress.send(request(url), () => {
        assert.ok(hasReturned, url);
        calls += 1;
        handle.abort();
        setImmediate(resolve);
      });
      hasReturned = true;
    });
    assert.equal(calls, 1, url);
  }
});

test('checks a target by the same policy', (t) => {
  const egress = setupEgress(t, { allowHttp: false });
  assert.equal(egress.checkTarget('http://127.0.0.1:9000/x').ok, true);
  assert.equal(egress.checkTarget('http://127.0.0.3:9000/x').ok, false);
});

test('no timer ticks when nothing is under way', async (t) => {
  const server = await startHttp(t, (_, res) => res.end());
  let ticking = 0;
  const clock: Clock = {
    ...realClock,
    setTimer(delayMs, run) {
      if (delayMs !== DEADLINE_TICK_MS) return realClock.setTimer(delayMs, run);
      ticking += 1;
      return realClock.setTimer(delayMs, () => {
        ticking -= 1;
        run();
      });
    },
  };
  const egress = setupEgress(t, { clock });
  await sendTo(egress, `http://127.0.0.1:${server.port}/`, { timeoutMs: 300_000 });
  assert.equal(ticking, 1);
  await until(() => ticking === 0);
});
