/** Fetches objects: one request at a time for each, and none for what is still good. */
import { MAX_POLL_RESPONSE_BYTES } from '../domain/limits-poll.ts';
import type { HttpResult } from '../domain/attempt-result.ts';
import { fill } from '../domain/poll/template.ts';
import { secretByName } from '../domain/source-secrets.ts';
import type { HydrateSettings } from '../domain/hydrate/settings.ts';
import type { Source } from '../domain/source.ts';
import { statusPhrase } from '../domain/status-phrase.ts';
import type { EgressHandle } from '../egress/port.ts';
import { ObjectCache, type FetchedObject } from './object-cache.ts';
import type { HydrateOptions } from './ports.ts';

const MAX_CONNECTIONS = 16;

export interface FetchWish {
  readonly source: Source;
  readonly settings: HydrateSettings;
  readonly url: URL;
  /** Wall clock, milliseconds. What was asked for at or after it is as good as new. */
  readonly notBefore: number;
  readonly now: number;
}

export type FetchOutcome =
  | { readonly ok: true; readonly object: FetchedObject }
  | {
      readonly ok: false;
      /** One sentence for a person; never a secret, never a part of the answer. */
      readonly reason: string;
      /** Asking again gives the same. */
      readonly isFinal: boolean;
      /** What came back, for the record of the attempt. */
      readonly result: HttpResult | null;
      /** An older copy. */
      readonly former: FetchedObject | undefined;
    };

type Waiter = (outcome: FetchOutcome) => void;

interface Flight {
  readonly startedAt: number;
  readonly waiting: Set<Waiter>;
  handle: EgressHandle | null;
}

export class ObjectFetcher {
  readonly #options: Pick<HydrateOptions, 'egress' | 'userAgent'>;
  readonly #cache = new ObjectCache();
  readonly #flights = new Map<string, Flight>();

  constructor(options: Pick<HydrateOptions, 'egress' | 'userAgent'>) {
    this.#options = options;
  }

  /** What is there already and good enough, or undefined. */
  known({ source, settings, url, notBefore, now }: FetchWish): FetchedObject | undefined {
    const object = this.#cache.get(keyOf(source, url));
    if (object === undefined) return undefined;
    const isGood = object.fetchedAt >= notBefore || now - object.fetchedAt < settings.cacheMs;
    return isGood ? object : undefined;
  }

  /** An older copy, for when nothing better can be had. */
  former({ source, url }: Pick<FetchWish, 'source' | 'url'>): FetchedObject | undefined {
    return this.#cache.get(keyOf(source, url));
  }

  /** `done` runs once, never before the call returns. @returns what ends the waiting. */
  fetch(wish: FetchWish, done: Waiter): () => void {
    const key = keyOf(wish.source, wish.url);
    const known = this.#flights.get(key);
    // One that was asked for before the event came in may not know of it.
    const flight =
      known !== undefined && known.startedAt >= wish.notBefore ? known : this.#start(key, wish);
    flight.waiting.add(done);
    return () => {
      flight.waiting.delete(done);
      if (flight.waiting.size === 0) flight.handle?.abort();
    };
  }

  #start(key: string, wish: FetchWish): Flight {
    const flight: Flight = { startedAt: wish.now, waiting: new Set(), handle: null };
    this.#flights.set(key, flight);
    const end = (outcome: FetchOutcome): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      for (const done of flight.waiting) done(outcome);
    };
    const headers = this.#headersOf(wish);
    if (typeof headers === 'string') {
      const former = this.#cache.get(key);
      queueMicrotask(() =>
        end({ ok: false, reason: headers, isFinal: false, result: null, former }),
      );
      return flight;
    }
    const { source, settings, url, now } = wish;
    const request = {
      url,
      method: 'GET',
      headers,
      body: null,
      timeoutMs: settings.timeoutMs,
      maxConnections: MAX_CONNECTIONS,
      maxResponseBytes: MAX_POLL_RESPONSE_BYTES + 1,
      poolScope: `${source.tenant} hydrate`,
    } as const;
    flight.handle = this.#options.egress.send(request, (result) => {
      const read = readObject(result);
      if ('text' in read) {
        const object = { text: read.text, fetchedAt: now };
        this.#cache.set(key, object);
        end({ ok: true, object });
      } else end({ ok: false, ...read, result, former: this.#cache.get(key) });
    });
    return flight;
  }

  #headersOf({ source, settings }: FetchWish): readonly string[] | string {
    const headers = new Map([['accept', 'application/json']]);
    for (const [name, template] of Object.entries(settings.headers)) {
      const value = fill(template, (secret) => secretByName(source, secret));
      if (value === undefined) return `the header ${name} asks for a credential the source lacks`;
      headers.set(name, value);
    }
    return [...headers, ['user-agent', this.#options.userAgent]].flat();
  }
}

function keyOf({ number, updatedAt }: Source, { href }: URL): string {
  // A changed source may ask with other credentials.
  return `${number} ${updatedAt} ${href}`;
}

type ReadObject =
  | { readonly text: string }
  | { readonly reason: string; readonly isFinal: boolean };

function readObject(result: HttpResult): ReadObject {
  if (result.kind === 'failure') return { reason: result.detail, isFinal: false };
  const { status, body } = result;
  if (status < 200 || status > 299) {
    const reason = `the request for the object was answered with ${statusPhrase(status)}`;
    return { reason, isFinal: status === 410 };
  }
  if (body.length > MAX_POLL_RESPONSE_BYTES) {
    return { reason: `the object is larger than ${MAX_POLL_RESPONSE_BYTES} bytes`, isFinal: true };
  }
  const text = Buffer.from(body).toString('utf8').trim();
  return isJson(text) ? { text } : { reason: 'the answer is no JSON', isFinal: false };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
