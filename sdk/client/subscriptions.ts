/** `/v1/webhooks/subscriptions`. */
import type { CursorList } from './cursor-list.ts';
import type { RecoverSubscription, Replay } from './replay-types.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { CreateSubscription, CreatedSubscription, ListSubscriptions } from './types.ts';
import type { RotatedSecret, RotateSecret, Subscription, SubscriptionHealth } from './types.ts';
import type { Filter, FilterTest, PublishEvent, TransformTest } from './types.ts';
import type { UpdateSubscription } from './types.ts';

const BASE = '/webhooks/subscriptions';

export class Subscriptions {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The answer is the only one that holds the secret. */
  create(settings: CreateSubscription, options: CallOptions = {}): Promise<CreatedSubscription> {
    return this.#transport({ method: 'POST', path: BASE, body: settings, ...options });
  }

  get(id: string, options: CallOptions = {}): Promise<Subscription> {
    return this.#transport({ method: 'GET', path: BASE + path`/${id}`, ...options });
  }

  list(query: ListSubscriptions = {}, options: CallOptions = {}): CursorList<Subscription> {
    return listOf(this.#transport, BASE, { ...query }, options);
  }

  update(
    id: string,
    changes: UpdateSubscription,
    options: CallOptions = {},
  ): Promise<Subscription> {
    const method = 'PATCH';
    return this.#transport({ method, path: BASE + path`/${id}`, body: changes, ...options });
  }

  async delete(id: string, options: CallOptions = {}): Promise<void> {
    await this.#transport<null>({ method: 'DELETE', path: BASE + path`/${id}`, ...options });
  }

  /** Events are held, not lost, until `resume`. */
  pause(id: string, options: CallOptions = {}): Promise<Subscription> {
    return this.#act(path`/${id}/pause`, options);
  }

  resume(id: string, options: CallOptions = {}): Promise<Subscription> {
    return this.#act(path`/${id}/resume`, options);
  }

  /** Tries again what it has failed to take. */
  recover(id: string, wanted: RecoverSubscription = {}, options: CallOptions = {}) {
    const call = { method: 'POST', path: BASE + path`/${id}/recover`, body: wanted } as const;
    return this.#transport<Replay>({ ...call, ...options });
  }

  /** Sends a test event to this subscription alone. */
  test(id: string, options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#transport({ method: 'POST', path: BASE + path`/${id}/test`, ...options });
  }

  /** Asks the target once more whether it wants the events; `challenge` says what came of it. */
  verify(id: string, options: CallOptions = {}): Promise<Subscription> {
    return this.#act(path`/${id}/verify`, options);
  }

  /** Whether a filter takes an event; nothing is stored. */
  testFilter(filter: Filter, event: PublishEvent, options: CallOptions = {}): Promise<FilterTest> {
    const body = { filter, event };
    return this.#transport({ method: 'POST', path: '/filters/test', body, ...options });
  }

  /** What a transform makes of an event; nothing is stored. */
  testTransform(
    transform: string,
    event: PublishEvent,
    options: CallOptions = {},
  ): Promise<TransformTest> {
    const body = { transform, event };
    return this.#transport({ method: 'POST', path: '/transforms/test', body, ...options });
  }

  health(id: string, options: CallOptions = {}): Promise<SubscriptionHealth> {
    return this.#transport({ method: 'GET', path: BASE + path`/${id}/health`, ...options });
  }

  /**
   * Makes a new secret, or takes yours. The former one signs too until the overlap ends; the answer
   * is the only one that holds the new one.
   */
  rotateSecret(
    id: string,
    rotation: RotateSecret = {},
    options: CallOptions = {},
  ): Promise<RotatedSecret> {
    const method = 'POST';
    const where = BASE + path`/${id}/rotate-secret`;
    return this.#transport({ method, path: where, body: rotation, ...options });
  }

  /** Doing it twice is the same as once, so it may be repeated. */
  #act(action: string, options: CallOptions): Promise<Subscription> {
    return this.#transport({ method: 'POST', path: BASE + action, repeatable: true, ...options });
  }
}
