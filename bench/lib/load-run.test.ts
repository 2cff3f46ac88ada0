import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { merge, summarize } from './histogram.ts';
import { listenOnLoopback } from './listen.ts';
import type { LoadPlan, LoadResult } from './load-protocol.ts';
import { runPlan } from './load-run.ts';
import { sinkPathOf } from './payload.ts';
import { Sink } from './sink.ts';

const sink = new Sink();
let sinkPort = 0;
before(async () => {
  sinkPort = await sink.listen();
});
after(() => sink.close());

function planOf(plan: Partial<LoadPlan>): LoadPlan {
  return {
    port: sinkPort,
    path: sinkPathOf(0),
    authorization: null,
    connections: 4,
    loop: { kind: 'closed', seconds: 0.2 },
    traffic: { targets: 1, hotShare: 0, seed: 1 },
    excludedTargets: [],
    expectArrivals: true,
    ...plan,
  };
}

let nextSeq = 1;

async function run(plan: Partial<LoadPlan>): Promise<LoadResult> {
  const options = { sink, base: nextSeq, spin: false, drainStallMs: 100 };
  const { result, next } = await runPlan({ ...options, plan: planOf(plan) });
  nextSeq = next;
  return result;
}

type Handle = (body: Buffer, request: IncomingMessage, response: ServerResponse) => void;

/** Runs a plan against a server made for the test. */
async function runAgainst(handle: Handle, plan: Partial<LoadPlan>): Promise<LoadResult> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handle(Buffer.concat(chunks), request, response));
  });
  const port = await listenOnLoopback(server);
  try {
    return await run({ ...plan, port });
  } finally {
    server.close();
  }
}

async function toSink(body: Buffer): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${sinkPort}/`, { method: 'POST', body });
  await response.arrayBuffer();
}

describe('load run', () => {
  it('sends in a closed loop and finds every event at the sink once', async () => {
    const result = await run({});
    assert.ok(result.sent > 10, `${result.sent} sent`);
    assert.equal(result.accepted, result.sent);
    assert.deepEqual(result.statuses, { 200: result.sent });
    const { unique, duplicates, lost, strays, unreadable } = result.arrivals;
    assert.deepEqual(
      { unique, duplicates, lost, strays, unreadable },
      { unique: result.sent, duplicates: 0, lost: 0, strays: 0, unreadable: 0 },
    );
    assert.equal(summarize(merge([result.arrivals.latency])).count, result.sent);
  });

  it('keeps to its plan in an open loop', async () => {
    const loop = { kind: 'open', ratePerSecond: 200, arrivals: 'constant', seed: 1 } as const;
    const result = await run({ loop: { ...loop, seconds: 0.3 } });
    assert.ok(Math.abs(result.sent - 60) <= 1, `${result.sent} sent`);
    assert.equal(result.arrivals.unique, result.sent);
  });

  it('makes a stall count for every event that was due meanwhile', async () => {
    let stalled = false;
    const handle: Handle = (_body, _request, response) => {
      setTimeout(() => response.writeHead(202).end('{}'), stalled ? 0 : 200);
      stalled = true;
    };
    const loop = { kind: 'open', ratePerSecond: 250, arrivals: 'constant', seed: 1 } as const;
    const plan = { connections: 1, expectArrivals: false, loop: { ...loop, seconds: 0.4 } };
    const result = await runAgainst(handle, plan);
    const latency = summarize(merge([result.acceptLatency]));
    // One slow answer of ~100; measured from the send it would vanish in the 99th percentile.
    assert.ok(latency.p90 > 100, `p90 ${latency.p90} ms`);
    assert.ok(summarize(merge([result.sendLag])).max > 100);
  });
});

describe('load run against a faulty server', () => {
  it('reports events that never arrive as lost, second arrivals as duplicates', async () => {
    let seen = 0;
    const handle: Handle = (body, _request, response) => {
      seen++;
      const copies = seen % 3;
      const sent = Array.from({ length: copies }, () => toSink(body));
      Promise.all(sent).then(
        () => response.writeHead(202).end(),
        () => response.writeHead(500).end(),
      );
    };
    const result = await runAgainst(handle, { connections: 1 });
    const { unique, duplicates, lost } = result.arrivals;
    assert.equal(lost, Math.floor(result.sent / 3));
    assert.equal(duplicates, Math.floor((result.sent + 1) / 3));
    assert.equal(unique + lost, result.accepted);
  });

  it('counts refusals by status and waits for none of them', async () => {
    const result = await runAgainst(
      (_body, _request, response) => response.writeHead(503).end(),
      {},
    );
    assert.equal(result.accepted, 0);
    assert.deepEqual(result.statuses, { 503: result.sent });
    assert.equal(result.arrivals.lost, 0);
  });

  it('goes on after a broken connection and owns up to the unanswered request', async () => {
    let broken = 0;
    const handle: Handle = (_body, request, response) => {
      if (broken++ === 0) request.socket.destroy();
      else response.writeHead(202).end();
    };
    const result = await runAgainst(handle, { connections: 1, expectArrivals: false });
    assert.equal(result.unanswered, 1);
    assert.equal(result.reconnects, 1);
    assert.ok(result.accepted > 0);
  });
});
