/**
 * Where thin events go before they are routed. A delivery to it fetches the object and publishes
 * the event anew with it, so retries, backoff, order and the story of each try are those of every
 * delivery. What it publishes carries a key made of the thin event's id: a crash between publishing
 * and settling repeats the try, and the second publication is a duplicate.
 */
import type { Publication, PublishResult } from '../accept/publication.ts';
import type { AttemptResult } from '../domain/attempt-result.ts';
import {
  fitsEvent,
  hydratedData,
  hydrationNote,
  type Hydration,
} from '../domain/hydrate/hydrated.ts';
import { hydrateSettings, objectUrl, type HydrateSettings } from '../domain/hydrate/settings.ts';
import type { Source } from '../domain/source.ts';
import type { AttemptJob, Destination, RunningAttempt } from '../destinations/destination.ts';
import { readEnvelope, type EnvelopeFields } from '../protocol/envelope.ts';
import type { FetchedObject } from './object-cache.ts';
import { ObjectFetcher, type FetchOutcome } from './object-fetcher.ts';
import type { HydrateOptions } from './ports.ts';

type Done = (result: AttemptResult) => void;

export function createHydrateDestination(options: HydrateOptions): Destination {
  const fetcher = new ObjectFetcher(options);
  return {
    attempt: (job, done) => new HydrateAttempt(options, fetcher, job, done),
  };
}

class HydrateAttempt implements RunningAttempt {
  readonly #options: HydrateOptions;
  readonly #fetcher: ObjectFetcher;
  readonly #job: AttemptJob;
  readonly #done: Done;
  readonly #thin: EnvelopeFields;
  readonly #data: unknown;
  readonly #startedAt: number;
  #stopWaiting: (() => void) | null = null;
  #hasEnded = false;

  constructor(options: HydrateOptions, fetcher: ObjectFetcher, job: AttemptJob, done: Done) {
    this.#options = options;
    this.#fetcher = fetcher;
    this.#job = job;
    this.#done = done;
    this.#thin = readEnvelope(Buffer.from(job.body).toString('utf8'));
    this.#data = JSON.parse(this.#thin.dataText);
    this.#startedAt = options.clock.monotonic();
    this.#begin();
  }

  abort(): void {
    this.#stopWaiting?.();
    this.#fail('reset', 'aborted by shutdown');
  }

  #begin(): void {
    const { destination } = this.#job.subscription;
    const source =
      destination.kind === 'hydrate' ? this.#options.sourceOf(destination.source) : undefined;
    if (source === undefined) return this.#fail('rejected', 'the source was deleted');
    const settings = hydrateSettings(source);
    const rule = settings?.ruleFor(this.#job.eventType);
    if (settings === undefined || rule === undefined) {
      return this.#thinly(source, 'the source does not hydrate such events any more');
    }
    const url = objectUrl(rule, this.#data);
    if (url === undefined) {
      return this.#giveUp(source, settings, 'the event does not say where its object is');
    }
    this.#fetch(source, settings, url);
  }

  #fetch(source: Source, settings: HydrateSettings, url: URL): void {
    const { attemptNumber, createdAt } = this.#job;
    const now = this.#options.clock.now();
    const wish = { source, settings, url, notBefore: createdAt, now };
    const known = this.#fetcher.known(wish);
    if (known !== undefined) return this.#with(source, settings, known);
    const tries = settings.retrySeconds.length + 1;
    if (attemptNumber > tries && settings.onFailure === 'deliver_thin') {
      // It was to go out with the last try, and the store did not take it.
      const former = this.#fetcher.former(wish);
      return this.#without(source, former, `the object could not be had in ${tries} tries`);
    }
    this.#stopWaiting = this.#fetcher.fetch(wish, (outcome) => {
      this.#stopWaiting = null;
      if (outcome.ok) this.#with(source, settings, outcome.object);
      else this.#notFetched(source, settings, outcome, attemptNumber >= tries);
    });
  }

  #notFetched(
    source: Source,
    settings: HydrateSettings,
    outcome: Extract<FetchOutcome, { ok: false }>,
    isLastTry: boolean,
  ): void {
    const { reason, result, former, isFinal } = outcome;
    if ((isFinal || isLastTry) && settings.onFailure === 'deliver_thin') {
      this.#without(source, former, reason);
    } else if (isFinal) this.#fail('rejected', reason);
    else if (result?.kind === 'response') {
      // Only what the pace depends on: other headers are none of a receiver's.
      const { status, durationMs, headers } = result;
      const retryAfter = headers['retry-after'];
      const kept = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
      // A 2xx without a usable object is a failure, too.
      if (status < 300) this.#fail('reset', reason);
      else this.#end({ kind: 'response', status, headers: kept, body: NO_BYTES, durationMs });
    } else this.#fail(result?.kind === 'failure' ? result.reason : 'auth_failed', reason);
  }

  #with(source: Source, settings: HydrateSettings, { text, fetchedAt }: FetchedObject): void {
    const status = fetchedAt >= this.#job.createdAt ? 'fresh' : 'cached';
    const at = new Date(fetchedAt).toISOString();
    const hydration: Hydration = { status, fetchedAt: at, reason: null, object: text };
    const data = hydratedData(this.#thin.dataText, this.#data, hydration);
    if (fitsEvent(data)) this.#publish(source, data, hydration);
    else
      this.#giveUp(source, settings, 'event and object together are larger than an event may be');
  }

  #without(source: Source, former: FetchedObject | undefined, reason: string): void {
    if (former === undefined) return this.#thinly(source, reason);
    const fetchedAt = new Date(former.fetchedAt).toISOString();
    const hydration: Hydration = { status: 'stale', fetchedAt, reason, object: former.text };
    const data = hydratedData(this.#thin.dataText, this.#data, hydration);
    if (fitsEvent(data)) this.#publish(source, data, hydration);
    else this.#thinly(source, reason);
  }

  /** No try can change it. */
  #giveUp(source: Source, { onFailure }: HydrateSettings, reason: string): void {
    if (onFailure === 'deliver_thin') this.#thinly(source, reason);
    else this.#fail('rejected', reason);
  }

  #thinly(source: Source, reason: string): void {
    const hydration: Hydration = { status: 'failed', fetchedAt: null, reason, object: null };
    const data = hydratedData(this.#thin.dataText, this.#data, hydration);
    this.#publish(source, fitsEvent(data) ? data : this.#thin.dataText, hydration);
  }

  #publish(source: Source, dataText: string, hydration: Hydration): void {
    const { tenant, number, id } = source;
    const { eventType, eventId } = this.#job;
    const metadata = { hydration: hydrationNote(hydration), thin_event_id: eventId };
    const publication: Publication = {
      tenant,
      eventType,
      dataText,
      occurredAt: Date.parse(this.#thin.timestamp),
      metadataText: JSON.stringify(metadata),
      quota: 'counted',
      inbound: {
        source: number,
        sourceId: id,
        providerEventId: this.#thin.providerEventId ?? null,
        dedupe: `hydrated ${eventId}`,
      },
    };
    this.#options.publisher.publish(publication, (result) =>
      this.#published(result, hydration.status),
    );
  }

  #published(result: PublishResult, status: Hydration['status']): void {
    if (result.kind === 'accepted' || result.kind === 'duplicate') {
      const detail = `published as ${result.id}, hydration ${status}`;
      this.#end({ kind: 'taken', detail, durationMs: this.#spentMs() });
    } else if (result.kind === 'unavailable') {
      this.#fail('connect', `the hydrated event could not be stored: ${result.reason}`);
    } else {
      const why = result.kind === 'refused' ? result.refusal.reason : result.reason;
      this.#fail('rejected', `the hydrated event was refused: ${why}`);
    }
  }

  #fail(reason: Extract<AttemptResult, { kind: 'failure' }>['reason'], detail: string): void {
    this.#end({ kind: 'failure', reason, detail, durationMs: this.#spentMs() });
  }

  /** Later, because it may be known before the constructor has returned. */
  #end(result: AttemptResult): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    queueMicrotask(() => this.#done(result));
  }

  #spentMs(): number {
    return this.#options.clock.monotonic() - this.#startedAt;
  }
}

const NO_BYTES = new Uint8Array(0);
