/** The entrance of the pipe for sources: thin events take the way round by hydration. */
import type { Publisher } from '../accept/publication.ts';
import { hydrateSettings } from '../domain/hydrate/settings.ts';
import type { Source } from '../domain/source.ts';
import type { HydrateSubscriptions } from './hydrate-subscriptions.ts';

interface Options {
  readonly publisher: Publisher;
  /** Undefined once deleted. */
  readonly sourceOf: (number: number) => Source | undefined;
  readonly subscriptions: Pick<HydrateSubscriptions, 'of' | 'ensure'>;
}

const RETRY_AFTER_SECONDS = 1;

export function hydratingPublisher({ publisher, sourceOf, subscriptions }: Options): Publisher {
  return {
    publish(publication, done) {
      const source = publication.inbound && sourceOf(publication.inbound.source);
      const settings = source && hydrateSettings(source);
      if (source === undefined || settings?.ruleFor(publication.eventType) === undefined) {
        publisher.publish(publication, done);
        return;
      }
      const only = subscriptions.of(source.number);
      if (only !== undefined) {
        publisher.publish({ ...publication, only }, done);
        return;
      }
      subscriptions.ensure(source);
      const reason = 'hydration of this source is only being set up';
      queueMicrotask(() =>
        done({ kind: 'unavailable', reason, retryAfterSeconds: RETRY_AFTER_SECONDS }),
      );
    },
  };
}
