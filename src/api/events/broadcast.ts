/** One event to every tenant: each gets an event of its own, with its own id and its own result. */
import { z } from 'zod';
import type { Publication, Publisher, PublishResult } from '../../accept/publication.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { memberSpan } from '../../protocol/json-span.ts';
import type { TenantDirectory } from '../../storage/tenant-directory.ts';
import { bodyText, parseJson } from '../json-body.ts';
import { problemSchema } from '../problem-schema.ts';
import { invalid, Problem, problemJson } from '../problems.ts';
import { validationProblem } from '../validation.ts';
import { broadcastInput, toPublication } from './event-input.ts';
import { publishProblem } from './publish-problem.ts';
import type { CatalogueCheck } from './catalogue-check.ts';

/** Events of a broadcast that wait for the disk at a time. */
const CHUNK_EVENTS = 250;
/** The same in bytes: every tenant's event is bytes of its own. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** Failures that a reply tells one by one; `failed` counts all. */
const MAX_TOLD_FAILURES = 1_000;

export const broadcastReply = z
  .object({
    tenants: z.int().min(0).describe('Those it was published to.'),
    accepted: z.int().min(0),
    duplicates: z.int().min(0).describe('Those that had it already.'),
    failed: z.int().min(0),
    deliveries: z.int().min(0).describe('Subscriptions it goes to, all tenants together.'),
    failures: z
      .array(z.object({ tenant: z.string(), error: problemSchema }))
      .describe(`The first ${MAX_TOLD_FAILURES}; nothing was stored for these tenants.`),
  })
  .meta({ id: 'BroadcastReply' });

export type BroadcastReply = z.output<typeof broadcastReply>;

export interface BroadcastContext {
  readonly publisher: Publisher;
  readonly tenants: Pick<TenantDirectory, 'find' | 'list'>;
  readonly catalogue: CatalogueCheck;
  readonly now: number;
  readonly idempotencyKey: string | undefined;
  readonly maxEventBytes: number;
}

type Outcome = PublishResult & { kind: 'accepted' | 'duplicate' };

/**
 * Publishes to a part of the tenants at a time, so that neither memory nor the event loop is taken
 * by one request. A repeat with the same id or Idempotency-Key reaches those that are missing.
 *
 * @throws Problem when the request can't be read, and when not one event could be stored because
 * Bellwire is unavailable.
 */
export async function broadcast(body: Buffer, context: BroadcastContext): Promise<BroadcastReply> {
  const { publication, targets } = readBroadcast(bodyText(body), context);
  const chunk = Math.max(1, Math.min(CHUNK_EVENTS, Math.floor(CHUNK_BYTES / body.length)));
  const tally = new Tally();
  for (let start = 0; start < targets.length; start += chunk) {
    const some = targets.slice(start, start + chunk);
    const results = await Promise.all(
      some.map(({ number }) => publishTo(context.publisher, { ...publication, tenant: number })),
    );
    for (const [index, result] of results.entries()) tally.add(some[index]?.name ?? '', result);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return tally.reply();
}

function readBroadcast(text: string, context: BroadcastContext) {
  const parsed = broadcastInput.safeParse(parseJson(text));
  if (!parsed.success) throw validationProblem(parsed.error, 'body');
  const { tenants: names, ...event } = parsed.data;
  const span = memberSpan(text, 'tenants');
  const namesText = span === undefined ? '' : text.slice(span.start, span.end);
  if (Buffer.byteLength(text) - Buffer.byteLength(namesText) > context.maxEventBytes) {
    const detail = `An event may take at most ${context.maxEventBytes} bytes.`;
    throw new Problem('payload_too_large', detail);
  }
  const publication: Publication = {
    ...toPublication(text, event, { ...context, tenant: 0 }),
    quota: 'counted',
  };
  return { publication, targets: targetsOf(context.tenants, names) };
}

function targetsOf(
  tenants: BroadcastContext['tenants'],
  names: readonly string[] | undefined,
): readonly Tenant[] {
  if (names === undefined) return tenants.list().filter(({ status }) => status === 'active');
  const named = names.map((name, index) => {
    const tenant = tenants.find(name);
    if (tenant !== undefined) return tenant;
    const detail = `there is no tenant called ${JSON.stringify(name)}`;
    throw invalid({ pointer: `/tenants/${index}`, code: 'unknown_tenant', detail });
  });
  return [...new Set(named)];
}

function publishTo(publisher: Publisher, publication: Publication): Promise<Outcome | Problem> {
  return new Promise((resolve) => {
    publisher.publish(publication, (result) => {
      if (result.kind === 'accepted' || result.kind === 'duplicate') resolve(result);
      else resolve(publishProblem(result));
    });
  });
}

class Tally {
  readonly #counts = { tenants: 0, accepted: 0, duplicates: 0, failed: 0, deliveries: 0 };
  readonly #failures: BroadcastReply['failures'] = [];
  /** Of a broadcast in which nothing was stored, only the first one. */
  #unavailable: Problem | undefined;

  add(tenant: string, result: Outcome | Problem): void {
    this.#counts.tenants += 1;
    if (result instanceof Problem) {
      this.#counts.failed += 1;
      if (result.code === 'unavailable') this.#unavailable ??= result;
      if (this.#failures.length === MAX_TOLD_FAILURES) return;
      this.#failures.push({ tenant, error: problemJson(result) });
      return;
    }
    this.#counts[result.kind === 'accepted' ? 'accepted' : 'duplicates'] += 1;
    this.#counts.deliveries += result.deliveries;
  }

  reply(): BroadcastReply {
    const { tenants, failed } = this.#counts;
    if (failed === tenants && this.#unavailable !== undefined) throw this.#unavailable;
    return { ...this.#counts, failures: this.#failures };
  }
}
