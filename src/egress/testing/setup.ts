import type { TestContext } from 'node:test';
import type { AttemptResult, HttpResult } from '../../domain/attempt-result.ts';
import { parseAllowTargets } from '../allow-targets.ts';
import { createEgress } from '../egress.ts';
import type { Egress, EgressOptions, EgressRequest } from '../egress.ts';
import type { Resolver } from '../resolver.ts';
import { realClock } from './clocks.ts';

export const LOOPBACK = parseAllowTargets('127.0.0.1/32:*,127.0.0.2/32:*,[::1]/128:*');

/** Answers from a table; a name may have several answers, given by turns. */
export function fakeResolver(
  hosts: Readonly<Record<string, readonly (readonly string[])[]>>,
): Resolver & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    resolve(hostname) {
      const answers = hosts[hostname] ?? [[]];
      const turn = asked.filter((name) => name === hostname).length;
      asked.push(hostname);
      return Promise.resolve(answers[turn % answers.length] ?? []);
    },
  };
}

/** A client that may reach loopback and ends with the test. */
export function setupEgress(t: TestContext, options: Partial<EgressOptions> = {}): Egress {
  const egress = createEgress({
    allowTargets: LOOPBACK,
    allowHttp: true,
    clock: realClock,
    ...options,
  });
  t.after(() => egress.close());
  return egress;
}

const DEFAULTS = { method: 'POST', headers: [], timeoutMs: 3_000, maxConnections: 4 } as const;

/** A request to `url` with a small body and defaults for what the test does not care about. */
export function request(url: string, parts: Partial<EgressRequest> = {}): EgressRequest {
  return { url: new URL(url), body: Buffer.from('{"n":1}'), ...DEFAULTS, ...parts };
}

/** Sends and awaits the result. */
export function sendTo(
  egress: Egress,
  url: string,
  parts: Partial<EgressRequest> = {},
): Promise<HttpResult> {
  return new Promise((resolve) => {
    egress.send(request(url, parts), resolve);
  });
}

/** `reason: detail` of a failure, `status` of a response: what most tests compare. */
export function summary(result: AttemptResult): string {
  if (result.kind === 'taken') return result.detail;
  return result.kind === 'response'
    ? `response ${result.status}`
    : `${result.reason}: ${result.detail}`;
}

const UNTIL_LIMIT_MS = 2_000;

/** Waits for a state another event loop turn brings about; throws when it does not come. */
export async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + UNTIL_LIMIT_MS;
  while (!condition()) {
    if (performance.now() > limit) throw new Error('the awaited state did not come');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
