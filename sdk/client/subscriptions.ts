/** `/v1/webhooks/subscriptions`. */
import type { CursorList } from './cursor-list.ts';
import { listOf, path } from './resource.ts';
import type { CallOptions, Transport } from './transport.ts';
import type { CreateSubscription, CreatedSubscription, ListSubscriptions } from './types.ts';
import type { RotatedSecret, Subscription, SubscriptionHealth } from './types.ts';
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

  /** Sends a test event to this subscription alone. */
  test(id: string, options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#transport({ method: 'POST', path: BASE + path`/${id}/test`, ...options });
  }

  health(id: string, options: CallOptions = {}): Promise<SubscriptionHealth> {
    return this.#transport({ method: 'GET', path: BASE + path`/${id}/health`, ...options });
  }

  /** @param overlapSeconds How long the old secret goes on signing too; a day when left out. */
  rotateSecret(
    id: string,
    overlapSeconds?: number,
    options: CallOptions = {},
  ): Promise<RotatedSecret> {
    const body = overlapSeconds === undefined ? {} : { overlap_seconds: overlapSeconds };
    const method = 'POST';
    return this.#transport({ method, path: BASE + path`/${id}/rotate-secret`, body, ...options });
  }

  /** Pausing and resuming twice is the same as once, so both may be repeated. */
  #act(action: string, options: CallOptions): Promise<Subscription> {
    return this.#transport({ method: 'POST', path: BASE + action, repeatable: true, ...options });
  }
}
