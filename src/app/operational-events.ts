/** Events about the platform itself: they travel the same pipe as everything else. */
import type { Publisher, PublishResult } from '../accept/publication.ts';
import { targetOf, webhookUrl } from '../domain/destination.ts';
import { deliveryId, parseEventId } from '../domain/ids.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { PollTrouble } from '../poll/ports.ts';
import type { Clock } from '../runtime/clock.ts';
import { StorageError } from '../storage/storage.ts';

interface Options {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export interface TestSent {
  readonly eventId: string;
  readonly deliveryId: string;
}

export type OperationalEvents = ReturnType<typeof operationalEvents>;

export function operationalEvents({ publisher, clock, onError }: Options) {
  const publish = (publication: Parameters<Publisher['publish']>[0]) =>
    new Promise<PublishResult>((resolve) => publisher.publish(publication, resolve));
  /** Until it is stored, or the process ends. Its key makes one event of it, whatever got lost. */
  const insist = (publication: Parameters<Publisher['publish']>[0]): void => {
    publisher.publish(publication, (result) => {
      if (result.kind !== 'unavailable') return;
      onError(new Error(`news of Bellwire itself has to wait: ${result.reason}`));
      clock.setTimer(result.retryAfterSeconds * 1_000, () => insist(publication));
    });
  };
  return {
    /** `bellwire.subscription.disabled`, for whoever subscribed to it by name. */
    disabled(subscription: Subscription, reason: string): void {
      const { id, tenant, destination, updatedAt } = subscription;
      const data = {
        subscription_id: id,
        reason,
        target_url: webhookUrl(destination),
        ...(destination.kind !== 'webhook' && {
          destination: { kind: destination.kind, target: targetOf(destination) },
        }),
      };
      insist({
        tenant,
        eventType: 'bellwire.subscription.disabled',
        dataText: JSON.stringify(data),
        idempotencyKey: `bellwire.subscription.disabled ${id} ${updatedAt}`,
        quota: 'exempt',
      });
    },

    /** `bellwire.source.failing` and `bellwire.source.recovered`, likewise. */
    pollTrouble({ kind, source, resource, reason, at }: PollTrouble): void {
      const eventType = `bellwire.source.${kind}`;
      insist({
        tenant: source.tenant,
        eventType,
        dataText: JSON.stringify({ source_id: source.id, resource, reason }),
        idempotencyKey: `${eventType} ${source.id} ${at}`,
        quota: 'exempt',
      });
    },

    /** One `bellwire.test` event to this subscription alone. @throws StorageError `busy` */
    async sendTest(subscription: Subscription): Promise<TestSent> {
      const result = await publish({
        tenant: subscription.tenant,
        eventType: 'bellwire.test',
        dataText: JSON.stringify({ message: 'It works: this is a test event from Bellwire.' }),
        only: subscription,
        quota: 'exempt',
      });
      if (result.kind === 'unavailable') throw new StorageError('busy', result.reason);
      if (result.kind !== 'accepted') throw new Error(`the test event was ${result.kind}`);
      const parts = parseEventId(result.id);
      if (parts === undefined) throw new Error(`the test event got the odd id ${result.id}`);
      const { createdAt, sequence } = parts;
      const { number } = subscription;
      return { eventId: result.id, deliveryId: deliveryId(createdAt, sequence, number) };
    },
  };
}
