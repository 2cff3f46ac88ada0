/** Puts the pipe together over a store: accept, dispatch, and what they share. */
import type { Logger } from 'pino';
import type { Publisher } from '../accept/publication.ts';
import { createPublisher } from '../accept/publisher.ts';
import { createWebhookDestination } from '../destinations/webhook/webhook.ts';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import type { MasterKey } from '../domain/master-keys.ts';
import type { Egress } from '../egress/port.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import { JournalWriter } from '../storage/journal-writer.ts';
import type { Storage } from '../storage/storage.ts';
import { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import { operationalEvents, type OperationalEvents } from './operational-events.ts';
import { VERSION } from './version.ts';

const USER_AGENT = `Bellwire/${VERSION}`;

export interface Engine {
  readonly registry: SubscriptionRegistry;
  readonly writer: JournalWriter;
  readonly dispatcher: Dispatcher;
  readonly publisher: Publisher;
  readonly operational: OperationalEvents;
}

interface Options {
  readonly storage: Storage;
  readonly masterKeys: readonly MasterKey[];
  readonly egress: Egress;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly onBroken: (error: Error) => void;
}

/** Reads the store's state; nothing is sent before `dispatcher.start`. */
export async function createEngine(options: Options): Promise<Engine> {
  const { storage, masterKeys, egress, telemetry, log, onBroken } = options;
  const { journal, control } = storage;
  const clock = systemClock;
  const random = systemRandom;
  const onError = (error: unknown) => log.error({ err: error }, 'background work failed');
  const registry = new SubscriptionRegistry({ control, masterKeys, clock, random });
  await registry.load();
  const state = await journal.state();
  const writer = new JournalWriter({ journal, lastSequence: state.lastSequence, clock, onBroken });
  const dispatcher: Dispatcher = new Dispatcher({
    journal,
    state,
    writer,
    registry,
    destinations: { webhook: createWebhookDestination({ egress, userAgent: USER_AGENT }) },
    clock,
    random,
    telemetry,
    onDisabled: (subscription, reason) => operational.disabled(subscription, reason),
    onError,
  });
  const refusal = () => dispatcher.overload();
  const publisher = createPublisher({ writer, directory: registry, clock, refusal });
  const operational = operationalEvents({ publisher, onError });
  return { registry, writer, dispatcher, publisher, operational };
}
