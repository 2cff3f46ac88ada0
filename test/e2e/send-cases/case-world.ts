/** One server and one receiver for many cases; each works in a tenant and path of its own. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { FakeReceiver } from '../../../src/testing/fake-receiver.ts';
import type { Reaction, ReceivedRequest } from '../../../src/testing/fake-receiver.ts';
import { startBellwire } from '../../support/bellwire.ts';
import type { BellwireOptions, RunningBellwire } from '../../support/bellwire.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { call, objectIn } from '../call.ts';
import type { Reply } from '../call.ts';

export type Json = Record<string, unknown>;

export interface CaseContext {
  readonly t: TestContext;
  readonly world: CaseWorld;
  /** For a server of its own over a fresh store: the same at each call with one name. */
  readonly optionsFor: (name: string) => Promise<BellwireOptions>;
}

/** By name; the first argument is a tenant of the case's own. */
export type Cases = Readonly<
  Record<string, (tenant: CaseTenant, context: CaseContext) => Promise<void>>
>;

const SUBSCRIPTIONS = '/v1/webhooks/subscriptions';

const ARRIVES_WITHIN_MS = 20_000;

export class CaseWorld {
  readonly server: RunningBellwire;
  readonly receiver: FakeReceiver;

  private constructor(server: RunningBellwire, receiver: FakeReceiver) {
    this.server = server;
    this.receiver = receiver;
  }

  static async start(options: BellwireOptions = {}): Promise<CaseWorld> {
    return new CaseWorld(await startBellwire(options), await FakeReceiver.start());
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.receiver.close();
  }

  /** @param name unique among the cases; also the path of its default target. */
  tenant(name: string): CaseTenant {
    return new CaseTenant(this.server, this.receiver, name);
  }
}

export class CaseTenant {
  readonly name: string;
  readonly receiver: FakeReceiver;
  readonly #server: Pick<RunningBellwire, 'url' | 'adminKey'>;

  constructor(
    server: Pick<RunningBellwire, 'url' | 'adminKey'>,
    receiver: FakeReceiver,
    name: string,
  ) {
    this.#server = server;
    this.receiver = receiver;
    this.name = name;
  }

  /** The same tenant, asked through another server over the same store. */
  through(server: Pick<RunningBellwire, 'url' | 'adminKey'>): CaseTenant {
    return new CaseTenant(server, this.receiver, this.name);
  }

  /** What the target of this path does from now on; the last reaction for ever. */
  answer(path: string, ...reactions: readonly [Reaction, ...Reaction[]]): void {
    this.receiver.script(`/${this.name}/${path}`, ...reactions);
  }

  targetUrl(path: string): string {
    return `${this.receiver.url}/${this.name}/${path}`;
  }

  arrivals(path: string): readonly ReceivedRequest[] {
    return this.receiver.requests.filter((request) => request.path === `/${this.name}/${path}`);
  }

  /** Resolves with the arrivals at the path once there are that many. */
  async arrive(path: string, count: number): Promise<readonly ReceivedRequest[]> {
    await this.receiver.waitFor(() => this.arrivals(path).length >= count, {
      deadlineMs: ARRIVES_WITHIN_MS,
    });
    return this.arrivals(path);
  }

  /** As this tenant, with the admin key. */
  ask(path: string, options: Parameters<typeof call>[2] = {}): Promise<Reply> {
    const headers = { 'bellwire-tenant': this.name, ...options.headers };
    return call(this.#server, path, { ...options, headers });
  }

  /** @throws AssertionError quoting an answer with another status. */
  async expect(status: number, path: string, options?: Parameters<typeof call>[2]): Promise<Json> {
    const reply = await this.ask(path, options);
    assert.equal(reply.status, status, `${path}: ${reply.text}`);
    return reply.text === '' ? {} : objectIn(reply);
  }

  /** To the path `name` of the receiver, unless told otherwise. */
  async subscribe(path: string, fields: Json = {}): Promise<Json & { readonly id: string }> {
    const body = { event_type: '**', target_url: this.targetUrl(path), ...fields };
    if (fields['event_types'] !== undefined) Reflect.deleteProperty(body, 'event_type');
    const created = await this.expect(201, SUBSCRIPTIONS, { body });
    return { ...created, id: String(created['id']) };
  }

  change(id: string, fields: Json): Promise<Json> {
    return this.expect(200, `${SUBSCRIPTIONS}/${id}`, { method: 'PATCH', body: fields });
  }

  act(id: string, action: string, body: Json = {}): Promise<Json> {
    return this.expect(200, `${SUBSCRIPTIONS}/${id}/${action}`, { body });
  }

  subscription(id: string): Promise<Json> {
    return this.expect(200, `${SUBSCRIPTIONS}/${id}`);
  }

  async publish(fields: Json = {}, headers: Record<string, string> = {}): Promise<string> {
    const body = { event_type: 'task.completed', ...fields };
    return String((await this.expect(202, '/v1/events', { body, headers }))['id']);
  }

  async deliveries(eventId: string): Promise<Json[]> {
    return listOf(await this.expect(200, `/v1/events/${eventId}/deliveries`));
  }

  /** The event's only delivery, or the one to a subscription, once it has that status. */
  deliveryWhen(eventId: string, status: string, subscription?: string): Promise<Json> {
    let last: unknown;
    return waitUntil(
      async () => {
        const all = await this.deliveries(eventId);
        const wanted = all.filter(
          (one) => (subscription ?? one['subscription_id']) === one['subscription_id'],
        );
        last = wanted;
        return wanted.length === 1 && wanted[0]?.['status'] === status ? wanted[0] : undefined;
      },
      {
        what: `the delivery of ${eventId} to be ${status}`,
        deadlineMs: ARRIVES_WITHIN_MS,
        context: () => JSON.stringify(last),
      },
    );
  }

  async attempts(delivery: Json): Promise<Json[]> {
    return listOf(await this.expect(200, `/v1/deliveries/${String(delivery['id'])}/attempts`));
  }
}

export function listOf(page: Json): Json[] {
  assert.ok(Array.isArray(page['data']), JSON.stringify(page));
  return page['data'].map((item) => objectIn({ text: JSON.stringify(item) }));
}
