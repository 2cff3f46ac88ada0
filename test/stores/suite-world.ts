/**
 * A whole Bellwire over the store under test, in this process: the API on a loopback port, the
 * engine, the webhook client, and a receiver that really listens. The clock is the real one.
 */
import { openApiWorld, randomMasterKeys, type ApiWorld } from '../../src/api/testing/api-world.ts';
import type { Call, Reply } from '../../src/api/testing/caller.ts';
import { createWebhookDestination } from '../../src/destinations/webhook/webhook.ts';
import { ThinLinks } from '../../src/domain/thin-link.ts';
import type { Egress } from '../../src/egress/port.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { LOOPBACK } from '../../src/egress/testing/setup.ts';
import { systemClock } from '../../src/runtime/system.ts';
import type { StorageHarness } from '../../src/storage/contract/harness.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { FakeReceiver, type ReceivedRequest } from '../../src/testing/fake-receiver.ts';
import { TransformPool } from '../../src/transform/pool.ts';
import { waitUntil } from '../support/wait-until.ts';

const TENANT = 'acme';

type Fields = Readonly<Record<string, unknown>>;

interface Process {
  readonly storage: Storage;
  readonly world: ApiWorld;
  readonly egress: Egress;
  readonly transforms: TransformPool;
}

async function startProcess(
  storage: Storage,
  masterKeys: ReturnType<typeof randomMasterKeys>,
): Promise<Process> {
  const egress = createEgress({ allowTargets: LOOPBACK, allowHttp: true, clock: systemClock });
  const transforms = new TransformPool({ clock: systemClock, boxes: 2 });
  const links = new ThinLinks(masterKeys);
  const destination = createWebhookDestination({
    egress,
    userAgent: 'Bellwire/test',
    transformer: transforms,
    payloads: { publicUrl: () => 'https://bellwire.test', links },
  });
  const content = { transformer: transforms, links };
  const world = await openApiWorld(content, { storage, destination, masterKeys });
  return { storage, world, egress, transforms };
}

export class SuiteWorld {
  readonly receiver: FakeReceiver;
  readonly #harness: StorageHarness;
  readonly #masterKeys: ReturnType<typeof randomMasterKeys>;
  #process: Process;

  private constructor(
    harness: StorageHarness,
    receiver: FakeReceiver,
    masterKeys: ReturnType<typeof randomMasterKeys>,
    process: Process,
  ) {
    this.#harness = harness;
    this.receiver = receiver;
    this.#masterKeys = masterKeys;
    this.#process = process;
  }

  static async open(harness: StorageHarness): Promise<SuiteWorld> {
    const masterKeys = randomMasterKeys();
    const process = await startProcess(await harness.open(), masterKeys);
    return new SuiteWorld(harness, await FakeReceiver.start(), masterKeys, process);
  }

  async close(): Promise<void> {
    // First, so that nothing hangs on an answer.
    await this.receiver.close();
    await this.#process.world.close();
    await this.#process.egress.close();
    this.#process.transforms.close();
    await this.#harness.destroy();
  }

  /** The store is gone in the middle of everything; a new process starts on what is stored. */
  async crash(): Promise<void> {
    const { storage, world, egress, transforms } = this.#process;
    const reopened = await this.#harness.reopen(storage);
    await world.crash();
    transforms.close();
    await egress.close();
    this.#process = await startProcess(reopened, this.#masterKeys);
  }

  get call(): Call {
    return this.#process.world.as(TENANT);
  }

  /** @returns the id of the new subscription to a path of the receiver. */
  async subscribe(path: string, settings: Fields = {}): Promise<string> {
    const reply = await this.call('POST /v1/webhooks/subscriptions', {
      json: { event_type: '**', target_url: this.receiver.url + path, ...settings },
    });
    return String(expectStatus(reply, 201)['id']);
  }

  /** @returns the id from the 202. */
  async publish(event: Fields = {}): Promise<string> {
    const reply = await this.call('POST /v1/events', {
      json: { event_type: 'task.completed', data: { n: 1 }, ...event },
    });
    return String(expectStatus(reply, 202)['id']);
  }

  /** The only delivery of an event, once it is in that state. */
  async delivery(eventId: string, status: string): Promise<Fields> {
    return waitUntil(
      async () => {
        const reply = await this.call(`GET /v1/events/${eventId}/deliveries`);
        const [found] = itemsOf(expectStatus(reply, 200));
        return found?.['status'] === status ? found : undefined;
      },
      { what: `the delivery of ${eventId} to be ${status}` },
    );
  }

  /** Requests that arrived with this event, in that order. */
  arrivals(eventId: string): readonly ReceivedRequest[] {
    return this.receiver.requests.filter(({ headers }) => headers['webhook-id'] === eventId);
  }

  async arrived(eventId: string, times = 1): Promise<readonly ReceivedRequest[]> {
    await this.receiver.waitFor(() => this.arrivals(eventId).length >= times, {
      deadlineMs: 15_000,
    });
    return this.arrivals(eventId);
  }
}

/** What a list holds. */
export function itemsOf(list: Fields): readonly Fields[] {
  const { data } = list;
  if (!Array.isArray(data)) throw new Error('not a list');
  return data.map(fieldsOf);
}

/** The fields of a JSON object. */
export function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return { ...value };
}

export function expectStatus(reply: Reply, status: number): Fields {
  if (reply.status === status) return reply.json;
  throw new Error(`expected ${status}, got ${reply.status}: ${reply.text}`);
}
