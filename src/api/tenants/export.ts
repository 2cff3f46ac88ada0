/**
 * All that a tenant has, as NDJSON: one line for each thing, made as it is read, so that memory is
 * bounded by a page of events. Behind every page stands a `cursor` line to go on from after a
 * break; the last line is a `summary`, or an `error` when something went wrong on the way.
 */
import { setImmediate } from 'node:timers/promises';
import type { Source } from '../../domain/source.ts';
import type { Tenant } from '../../domain/tenant.ts';
import {
  RECORDED_INBOUND_STATUSES,
  type InboundQuery,
  type InboundView,
} from '../../storage/inbound.ts';
import type { EventRecord, Page } from '../../storage/journal.ts';
import type { TenantEventPosition } from '../../storage/tenant-data.ts';
import { keyJson } from '../auth/api-key-routes.ts';
import type { KeyDirectory } from '../auth/key-directory.ts';
import { isoTime } from '../common-schema.ts';
import { encodeCursor } from '../cursor.ts';
import { attemptJson, deliveryJson } from '../deliveries/delivery-json.ts';
import type { ApiDependencies } from '../deps.ts';
import { eventJson } from '../events/event-json.ts';
import { inboundJson } from '../inbound/inbound-routes.ts';
import { toProblem } from '../problem-reply.ts';
import { Problem, problemJson } from '../problems.ts';
import { sourceJson } from '../sources/source-json.ts';
import { subscriptionJson } from '../subscriptions/subscription-json.ts';
import { tenantJson } from './tenant-schema.ts';

/** Read at a time; the largest are 1 MiB each. */
const PAGE_EVENTS = 16;

export interface ExportSources extends Pick<
  ApiDependencies,
  | 'registry'
  | 'sources'
  | 'journal'
  | 'inbound'
  | 'pollStates'
  | 'tenantData'
  | 'deliveries'
  | 'publicUrl'
  | 'clock'
  | 'onError'
> {
  readonly keys: Pick<KeyDirectory, 'list'>;
  /** True once the server drains, which must not wait for a long export. */
  readonly closing: () => boolean;
}

/** Where an export goes on. */
export interface ExportPosition {
  /** The newest event when the export began. */
  readonly upTo: number;
  readonly after: TenantEventPosition | undefined;
}

type Counted =
  | 'subscription'
  | 'source'
  | 'poll_state'
  | 'api_key'
  | 'event'
  | 'delivery'
  | 'attempt'
  | 'inbound_request';

/** @param from undefined for the whole, else where an earlier one broke off. */
export async function* exportLines(
  sources: ExportSources,
  tenant: Tenant,
  from: ExportPosition | undefined,
): AsyncGenerator<string, void, undefined> {
  const part = new ExportPart(sources, tenant);
  let position = from;
  try {
    if (position === undefined) {
      const { lastSequence } = await sources.journal.state();
      position = { upTo: lastSequence, after: undefined };
      yield* part.settings();
    }
    for (;;) {
      refuseWhenClosing(sources);
      const next: TenantEventPosition | undefined = yield* part.page(position);
      if (next === undefined) break;
      position = { ...position, after: next };
      yield line('cursor', { cursor: cursorOf(position) });
      // Reads of the embedded store take no turn of the event loop by themselves.
      await setImmediate();
    }
    yield* part.inboundRequests(position.upTo);
    yield part.summary();
  } catch (error) {
    const problem = toProblem(error);
    if (!(error instanceof Problem)) sources.onError(error, 'an export');
    yield line('error', { error: problemJson(problem), cursor: position && cursorOf(position) });
  }
}

function refuseWhenClosing({ closing }: ExportSources): void {
  if (closing()) throw new Problem('unavailable', 'The server is shutting down.');
}

function cursorOf({ upTo, after }: ExportPosition): string {
  return encodeCursor({ up_to: upTo, type: after?.eventType, sequence: after?.sequence });
}

class ExportPart {
  readonly #sources: ExportSources;
  readonly #tenant: Tenant;
  readonly #counts: Record<Counted, number> = {
    subscription: 0,
    source: 0,
    poll_state: 0,
    api_key: 0,
    event: 0,
    delivery: 0,
    attempt: 0,
    inbound_request: 0,
  };

  constructor(sources: ExportSources, tenant: Tenant) {
    this.#sources = sources;
    this.#tenant = tenant;
  }

  async *settings(): AsyncGenerator<string> {
    const { registry, keys, sources, publicUrl, clock } = this.#sources;
    const { number } = this.#tenant;
    yield line('tenant', tenantJson(this.#tenant));
    for (const one of registry.list(number))
      yield this.#line('subscription', subscriptionJson(one));
    for (const key of keys.list(number)) yield this.#line('api_key', keyJson(key));
    for (const source of sources.list(number)) {
      yield this.#line('source', sourceJson(source, publicUrl(), clock.now()));
      yield* this.#pollStates(source);
    }
  }

  async *#pollStates({ number, id }: Source): AsyncGenerator<string> {
    for (const { resource, state, updatedAt } of await this.#sources.pollStates.load(number)) {
      const updated = isoTime(updatedAt);
      yield this.#line('poll_state', { source_id: id, resource, state, updated_at: updated });
    }
  }

  /** Those without an event; the others are shown by theirs. */
  async *inboundRequests(upTo: number): AsyncGenerator<string> {
    const { inbound, sources } = this.#sources;
    for (const status of RECORDED_INBOUND_STATUSES) {
      let before: number | undefined = upTo + 1;
      while (before !== undefined) {
        refuseWhenClosing(this.#sources);
        const query: InboundQuery = { status, before, limit: PAGE_EVENTS };
        const page: Page<InboundView, number> = await inbound.list(this.#tenant.number, query);
        for (const view of page.items) {
          yield this.#line('inbound_request', inboundJson(view, sources));
        }
        before = page.next;
        await setImmediate();
      }
    }
  }

  /** @returns where the next page begins. */
  async *page({ after, upTo }: ExportPosition) {
    const query = { after, upTo, limit: PAGE_EVENTS };
    const { items, next } = await this.#sources.tenantData.events(this.#tenant.number, query);
    for (const event of items) yield* this.#event(event);
    return next;
  }

  async *#event(event: EventRecord): AsyncGenerator<string> {
    const { journal } = this.#sources;
    const { tenant, sequence } = event;
    const deliveries = await journal.deliveriesOf(tenant, sequence);
    this.#counts.event += 1;
    yield textLine('event', eventJson(event, deliveries));
    for (const delivery of deliveries) {
      yield this.#line('delivery', deliveryJson(delivery, this.#sources));
      if (delivery.attempts === 0) continue;
      for (const attempt of await journal.attempts(sequence, delivery.subscription)) {
        yield this.#line('attempt', attemptJson(attempt, delivery));
      }
    }
  }

  /** Of what this part of the export held. */
  summary(): string {
    const { subscription, source, poll_state: states, api_key: keys } = this.#counts;
    const { event, delivery, attempt, inbound_request: requests } = this.#counts;
    return line('summary', {
      subscriptions: subscription,
      sources: source,
      poll_states: states,
      api_keys: keys,
      events: event,
      deliveries: delivery,
      attempts: attempt,
      inbound_requests: requests,
    });
  }

  #line(type: Counted, value: object): string {
    this.#counts[type] += 1;
    return line(type, value);
  }
}

function line(type: string, value: object): string {
  return textLine(type, JSON.stringify(value));
}

/** @param json text of an object with at least one member. */
function textLine(type: string, json: string): string {
  return `{"type":"${type}",${json.slice(1)}\n`;
}
