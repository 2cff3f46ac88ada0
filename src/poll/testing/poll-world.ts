/** A world for polling: time that is told to go on, an API under control, a store that can fail. */
import type { InboundOrigin, Publisher, PublishResult } from '../../accept/publication.ts';
import type { HttpResult } from '../../domain/attempt-result.ts';
import { DEFAULT_SOURCE_CHOICES, type Source } from '../../domain/source.ts';
import type { Egress, EgressRequest } from '../../egress/port.ts';
import type { TelemetryEvent } from '../../runtime/telemetry.ts';
import type { PollStateRow, PollStateStore } from '../../storage/poll-state.ts';
import { StorageError } from '../../storage/storage.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { Poller } from '../poller.ts';
import type { PollOwnership, PollTrouble } from '../ports.ts';

export interface Asked {
  readonly at: number;
  readonly url: URL;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | null;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
}

export interface PublishedEvent {
  readonly at: number;
  readonly eventType: string;
  readonly data: Record<string, unknown>;
  readonly inbound: InboundOrigin | undefined;
}

const START = Date.UTC(2026, 3, 9);

export class PollWorld {
  readonly clock = new SimulatedClock(START);
  readonly asked: Asked[] = [];
  readonly events: PublishedEvent[] = [];
  readonly troubles: PollTrouble[] = [];
  readonly telemetry: TelemetryEvent[] = [];
  readonly errors: unknown[] = [];
  /** How the API answers. */
  answer: (asked: Asked) => Answer | 'hangs' = () => ({ json: {} });
  latencyMs = 20;
  /** What the pipe says to a new event; undefined lets it in. */
  refusal: ((data: Record<string, unknown>) => PublishResult | undefined) | undefined;
  /** While true the store takes no state. */
  savesFail = false;
  saves = 0;
  readonly #rows = new Map<string, PollStateRow>();
  readonly #claimed = new Set<string>();

  readonly states: PollStateStore = {
    load: async (source) => [...this.#rows.values()].filter((row) => row.source === source),
    save: async (rows) => {
      await Promise.resolve();
      if (this.savesFail) throw new StorageError('busy', 'no');
      this.saves += 1;
      for (const row of rows) this.#rows.set(`${row.source} ${row.resource}`, row);
    },
    remove: async (source) => {
      for (const [key, row] of this.#rows) if (row.source === source) this.#rows.delete(key);
    },
  };

  readonly #publisher: Publisher = {
    publish: ({ eventType, dataText, inbound }, done) => {
      const data: Record<string, unknown> = JSON.parse(dataText);
      const result = this.#store({ at: this.clock.now(), eventType, data, inbound });
      queueMicrotask(() => done(result));
    },
  };

  /** A poller over what the store holds; the process before may have ended in any way. */
  start(sources: readonly Source[], ownership?: PollOwnership): Poller {
    const poller = new Poller({
      states: this.states,
      publisher: this.#publisher,
      egress: { send: (request, done) => this.#send(request, done) },
      clock: this.clock,
      random: new SeededRandom(7),
      telemetry: { emit: (event) => this.telemetry.push(event) },
      userAgent: 'Bellwire/test',
      ownership,
      onTrouble: (trouble) => this.troubles.push(trouble),
      onError: (error) => this.errors.push(error),
    });
    for (const source of sources) poller.put(source);
    void poller.start();
    return poller;
  }

  get rows(): readonly PollStateRow[] {
    return [...this.#rows.values()];
  }

  #store(event: PublishedEvent): PublishResult {
    const key = `${event.inbound?.source} ${event.inbound?.dedupe}`;
    if (this.#claimed.has(key)) {
      return { kind: 'duplicate', id: key, eventType: event.eventType, deliveries: 0 };
    }
    const refused = this.refusal?.(event.data);
    if (refused !== undefined) return refused;
    this.#claimed.add(key);
    this.events.push(event);
    return { kind: 'accepted', id: key, deliveries: 0 };
  }

  #send(request: EgressRequest, done: (result: HttpResult) => void): ReturnType<Egress['send']> {
    const asked = askedOf(request, this.clock.now());
    this.asked.push(asked);
    const answer = this.answer(asked);
    let isOpen = true;
    const end = (result: HttpResult) => {
      if (isOpen) done(result);
      isOpen = false;
    };
    const hangs = answer === 'hangs';
    const delayMs = hangs ? request.timeoutMs : this.latencyMs;
    const result = hangs ? timeout(delayMs) : response(answer, delayMs);
    this.clock.setTimer(delayMs, () => end(result));
    return { abort: () => queueMicrotask(() => end(timeout(0))) };
  }
}

function askedOf(request: EgressRequest, at: number): Asked {
  const flat: readonly string[] = Array.isArray(request.headers) ? request.headers : [];
  const headers = new Map<string, string>();
  for (let n = 0; n < flat.length; n += 2) headers.set(flat[n] ?? '', flat[n + 1] ?? '');
  const body = request.body === null ? null : Buffer.from(request.body).toString();
  return { at, url: request.url, headers, body };
}

function response(answer: Answer, durationMs: number): HttpResult {
  const { status = 200, headers = {}, json, text = JSON.stringify(json ?? null) } = answer;
  return { kind: 'response', status, headers, body: Buffer.from(text), durationMs };
}

function timeout(durationMs: number): HttpResult {
  return { kind: 'failure', reason: 'timeout', detail: 'no answer in time', durationMs };
}

/** A poll source with this configuration, as the API would have stored it. */
export function pollSource(config: object, changes: Partial<Source> = {}): Source {
  return {
    ...DEFAULT_SOURCE_CHOICES,
    provider: 'poll',
    number: 1,
    id: 'src_1',
    tenant: 1,
    token: '',
    secrets: ['s3cret'],
    status: 'active',
    lockedReason: null,
    createdAt: START,
    updatedAt: START,
    config: { url: 'https://api.example/balance', ...config },
    ...changes,
  };
}
