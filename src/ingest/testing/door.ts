/** A front door without sockets and store, for tests that look at its decisions. */
import { createHmac } from 'node:crypto';
import type { Publication, PublishResult } from '../../accept/publication.ts';
import { eventId } from '../../domain/ids.ts';
import { DEFAULT_SOURCE_CHOICES, type Source } from '../../domain/source.ts';
import type { InboundVerifier } from '../../protocol/inbound/verifier.ts';
import type { NewInbound } from '../../storage/inbound.ts';
import { SimulatedClock } from '../../testing/simulated-clock.ts';
import { identify } from '../dedupe.ts';
import { createFrontDoor, type FrontDoorOptions } from '../front-door.ts';
import type { BrokenGate, Gate } from '../gate.ts';
import { NotedRequests } from '../noted-requests.ts';
import type { Reply, RequestHead } from '../port.ts';

export const TOKEN = 'the-token';
export const SECRET = 'the-secret-of-the-source';
const NOW = Date.UTC(2026, 3, 9);

export function sourceWith(fields: Partial<Source> = {}): Source {
  return {
    ...DEFAULT_SOURCE_CHOICES,
    provider: 'test',
    number: 7,
    id: 'src_7',
    tenant: 1,
    token: TOKEN,
    secrets: [SECRET],
    status: 'active',
    lockedReason: null,
    createdAt: NOW,
    updatedAt: NOW,
    ...fields,
  };
}

/** Wants the body's hex HMAC in `x-sign`. */
const VERIFIER: InboundVerifier = {
  verify({ headers, body }) {
    const given = headers('x-sign');
    if (given === undefined) {
      return { ok: false, reason: 'missing_signature', detail: 'There is no x-sign.' };
    }
    const right = createHmac('sha256', SECRET).update(body).digest('hex');
    if (given === right) return { ok: true, secret: 0 };
    return { ok: false, reason: 'wrong_signature', detail: 'x-sign does not fit.' };
  },
};

export function gateWith(fields: Partial<Gate> = {}): Gate {
  const source = fields.source ?? sourceWith();
  return {
    source,
    networks: null,
    certificate: null,
    rate: null,
    maxBodyBytes: 1_000,
    takesType: (type) => type === 'application/json',
    verifier: VERIFIER,
    handshake: null,
    failureStatus: 401,
    eventTypeOf: () => 'test.thing',
    identify: (request, { data }) => identify(request, data, request.headers('x-id'), RULES),
    fields: null,
    accepted: { kind: 'reply', status: 200, headers: {}, body: '' },
    until: Number.POSITIVE_INFINITY,
    ...fields,
  };
}

const RULES = { chosen: null, signsEventId: false, repeatsAreEvents: false };

export interface Knocking {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Instead of the right one; null for none. */
  readonly sign?: string | null;
  readonly peer?: string;
  readonly query?: string;
}

export class TestDoor {
  readonly clock = new SimulatedClock(NOW);
  readonly published: Publication[] = [];
  readonly noted: NewInbound[] = [];
  readonly errors: unknown[] = [];
  /** What the pipe says to the next publications. */
  result: PublishResult = { kind: 'accepted', id: eventId(NOW, 1), deliveries: 0 };
  readonly #door;

  constructor(gate: Gate | BrokenGate = gateWith(), options: Partial<FrontDoorOptions> = {}) {
    const { clock } = this;
    this.#door = createFrontDoor({
      gateOf: (token) => (token === TOKEN ? gate : undefined),
      publisher: {
        publish: (publication, done) => {
          this.published.push(publication);
          const { result } = this;
          queueMicrotask(() => done(result));
        },
      },
      noted: new NotedRequests({ note: (row) => this.noted.push(row), clock }),
      clock,
      publicUrl: () => 'https://hooks.example.com',
      trustedProxies: null,
      confirm: () => Promise.resolve(),
      keepSecret: () => Promise.resolve(),
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  knock(given: Knocking = {}): Promise<Reply> {
    const { body = '{"a":1}' } = given;
    const entry = this.#door.admit(headOf(given, body));
    if (entry.kind === 'reply') return Promise.resolve(entry);
    return new Promise((resolve) => this.#door.take(entry, Buffer.from(body), resolve));
  }

  /** The reasons of what was noted. */
  get reasons(): (string | null)[] {
    return this.noted.map(({ reason }) => reason);
  }
}

function headOf(given: Knocking, body: string): RequestHead {
  const right = createHmac('sha256', SECRET).update(body).digest('hex');
  const sign = given.sign === undefined ? right : given.sign;
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...(sign !== null && { 'x-sign': sign }),
    ...given.headers,
  };
  return {
    method: given.method ?? 'POST',
    token: given.token ?? TOKEN,
    target: `/in/${given.token ?? TOKEN}${given.query ?? ''}`,
    headers,
    rawHeaders: Object.entries(headers).flat(),
    peer: given.peer ?? '192.0.2.1',
    certificate: () => null,
  };
}
