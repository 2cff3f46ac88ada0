import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeReceiver } from './fake-receiver.ts';

let receiver: FakeReceiver;

beforeEach(async () => {
  receiver = await FakeReceiver.start();
});

afterEach(() => receiver.close());

function post(path: string, body = 'x', signal?: AbortSignal): Promise<Response> {
  return fetch(receiver.url + path, { method: 'POST', body, ...(signal && { signal }) });
}

/** Checks the network error beneath the one `fetch` throws. */
function failsWith(code: string): (error: unknown) => boolean {
  return (error) => {
    const cause = error instanceof Error ? error.cause : undefined;
    assert.ok(cause instanceof Error && 'code' in cause, String(error));
    assert.equal(cause.code, code);
    return true;
  };
}

describe('FakeReceiver: what arrives', () => {
  it('records method, path, headers and the exact body', async () => {
    const body = Buffer.from([0, 255, 10, 0xed, 0xa0]);
    const headers = { 'X-Note': 'hello' };
    await fetch(`${receiver.url}/in?a=1`, { method: 'PUT', body, headers });
    const [request] = receiver.requests;
    assert.equal(request?.method, 'PUT');
    assert.equal(request.path, '/in?a=1');
    assert.equal(request.headers['x-note'], 'hello');
    assert.deepEqual(request.body, body);
  });

  it('answers 200 where nothing is scripted', async () => {
    assert.equal((await post('/anything')).status, 200);
  });

  it('records no request that breaks off in the middle', async () => {
    const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.end('POST /half HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf');
    socket.resume();
    await once(socket, 'close');
    await post('/whole');
    assert.deepEqual(
      receiver.requests.map((request) => request.path),
      ['/whole'],
    );
  });
});

describe('FakeReceiver: scripts', () => {
  it('plays the reactions of a path in turn, the last one for ever', async () => {
    receiver.script('/a', { status: 500 }, { status: 429, retryAfter: 7 }, { status: 204 });
    const statuses: number[] = [];
    const waits: (string | null)[] = [];
    for (let call = 0; call < 4; call += 1) {
      const response = await post(`/a?call=${call}`);
      statuses.push(response.status);
      waits.push(response.headers.get('retry-after'));
    }
    assert.deepEqual(statuses, [500, 429, 204, 204]);
    assert.deepEqual(waits, [null, '7', null, null]);
    assert.equal((await post('/b')).status, 200);
  });

  it('answers with the headers and body it is given', async () => {
    receiver.script('/a', { headers: { location: '/b', 'x-trace': '1' }, body: 'teapot' });
    const response = await post('/a');
    assert.equal(await response.text(), 'teapot');
    assert.equal(response.headers.get('location'), '/b');
    assert.equal(response.headers.get('x-trace'), '1');
  });

  it('holds a delayed answer back for that long', async () => {
    receiver.script('/slow', { status: 201, delayMs: 30 });
    const sentAt = performance.now();
    const response = await post('/slow');
    assert.equal(response.status, 201);
    // Timers count whole milliseconds and may fire a fraction of one early.
    assert.ok(performance.now() - sentAt >= 29);
  });

  it('gives a delayed answer up when it is closed', async () => {
    receiver.script('/slow', { delayMs: 600_000 });
    const cut = post('/slow');
    await receiver.waitFor(1);
    await Promise.all([assert.rejects(cut, TypeError), receiver.close()]);
  });

  it('breaks the connection of a reset', async () => {
    receiver.script('/a', 'reset');
    await assert.rejects(post('/a'), failsWith('ECONNRESET'));
    assert.equal(receiver.requests.length, 1);
  });

  it('never answers a hanging request, until its client or the receiver ends it', async () => {
    receiver.script('/a', 'hang');
    const abort = new AbortController();
    const aborted = post('/a', 'x', abort.signal);
    const cut = post('/a');
    await receiver.waitFor(2);
    abort.abort();
    await assert.rejects(aborted, { name: 'AbortError' });
    await Promise.all([assert.rejects(cut, TypeError), receiver.close()]);
  });
});

describe('FakeReceiver: waiting', () => {
  it('gives what is there already at once', async () => {
    await post('/a');
    assert.equal((await receiver.waitFor(1)).length, 1);
  });

  it('waits for a number of requests', async () => {
    const waiting = receiver.waitFor(2);
    await Promise.all([post('/a'), post('/b')]);
    assert.equal((await waiting).length, 2);
  });

  it('waits for a condition over all requests', async () => {
    const waiting = receiver.waitFor((all) => all.some((request) => request.path === '/b'));
    await post('/a');
    await post('/b');
    assert.equal((await waiting).at(-1)?.path, '/b');
  });

  it('gives up at the deadline and says what did arrive', async () => {
    await post('/only');
    await assert.rejects(receiver.waitFor(2, { deadlineMs: 10 }), {
      message: 'waited 10 ms for 2 requests; 1 arrived: POST /only',
    });
  });
});

describe('FakeReceiver: closing', () => {
  it('frees the port and may be closed twice', async () => {
    await receiver.close();
    await receiver.close();
    await assert.rejects(post('/a'), failsWith('ECONNREFUSED'));
  });

  it('closes at the end of an `await using` block', async () => {
    let url: string;
    {
      await using other = await FakeReceiver.start();
      url = other.url;
      assert.equal((await fetch(url)).status, 200);
    }
    await assert.rejects(fetch(url), failsWith('ECONNREFUSED'));
  });
});
