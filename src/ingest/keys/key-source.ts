/**
 * Public keys of senders, kept for as long as they may be, and asked for with restraint: who
 * sends a request can make us look for keys, so what that costs their publisher is bounded here.
 *
 * - one request at a time for one document, whoever waits for it
 * - a document that failed is left alone for a while, and a known one serves on meanwhile
 * - an unknown key leads to at most one new request a minute for its document
 * - each origin has a pace of its own, whatever the number of URLs
 */
import { createHash } from 'node:crypto';
import {
  KEY_FAILURE_SECONDS,
  KEY_REFRESH_SECONDS,
  MAX_KEY_DOCUMENTS,
  MAX_KEY_FAILURES,
  MAX_KEY_FETCHES,
  STALE_KEY_SECONDS,
} from '../../domain/limits-keys.ts';
import type { Egress } from '../../egress/port.ts';
import type { KeySource } from '../../protocol/inbound/verifier.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LruMap } from '../../domain/lru.ts';
import { fetchKeyDocument } from './key-fetch.ts';
import { OriginPace } from './origin-pace.ts';

interface KnownDocument {
  readonly text: string;
  /** Monotonic milliseconds, as the others. */
  readonly fetchedAt: number;
  readonly freshUntil: number;
  readonly usableUntil: number;
}

interface Failure {
  readonly until: number;
  readonly message: string;
}

interface Wanted {
  readonly url: URL;
  /** What it is kept under: the URL, and a hash of what is asked with. */
  readonly key: string;
  readonly post: string | undefined;
}

export class GuardedKeySource implements KeySource {
  readonly #egress: Egress;
  readonly #clock: Clock;
  readonly #documents = new LruMap<KnownDocument>(MAX_KEY_DOCUMENTS);
  readonly #failures = new LruMap<Failure>(MAX_KEY_FAILURES);
  readonly #underWay = new Map<string, Promise<string>>();
  readonly #pace = new OriginPace();

  constructor(parts: { readonly egress: Egress; readonly clock: Clock }) {
    this.#egress = parts.egress;
    this.#clock = parts.clock;
  }

  /** @throws Error with a sentence that follows "could not be had:". */
  async document(text: string, fresh: boolean, post?: string): Promise<string> {
    const target = this.#egress.checkTarget(text);
    if (!target.ok) throw new Error(target.reason);
    const wanted = { url: target.url, key: keyOf(target.url, post), post };
    const known = this.#documents.get(wanted.key);
    const now = this.#clock.monotonic();
    if (known !== undefined && isGoodFor(known, fresh, now)) return known.text;
    const failure = this.#failures.get(wanted.key);
    if (failure !== undefined && now < failure.until) return lastKnown(known, now, failure.message);
    const underWay = this.#underWay.get(wanted.key);
    if (underWay !== undefined) return underWay;
    if (this.#underWay.size >= MAX_KEY_FETCHES) {
      return lastKnown(known, now, 'too many keys are being asked for at once');
    }
    if (!this.#pace.take(wanted.url.origin, now)) {
      return lastKnown(known, now, 'its host was asked for too many keys in a short time');
    }
    const request = this.#fetch(wanted, known);
    this.#underWay.set(wanted.key, request);
    try {
      return await request;
    } finally {
      this.#underWay.delete(wanted.key);
    }
  }

  async #fetch(wanted: Wanted, known: KnownDocument | undefined): Promise<string> {
    try {
      const answer = await fetchKeyDocument(this.#egress, wanted.url, wanted.post);
      const now = this.#clock.monotonic();
      const freshUntil = now + answer.ageSeconds * 1000;
      this.#failures.delete(wanted.key);
      this.#documents.set(wanted.key, {
        text: answer.text,
        fetchedAt: now,
        freshUntil,
        usableUntil: freshUntil + STALE_KEY_SECONDS * 1000,
      });
      return answer.text;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const now = this.#clock.monotonic();
      this.#failures.set(wanted.key, { until: now + KEY_FAILURE_SECONDS * 1000, message });
      return lastKnown(known, now, message);
    }
  }
}

/** Who asks past the cache gets what is in it, if that has only just come. */
function isGoodFor(known: KnownDocument, fresh: boolean, now: number): boolean {
  return fresh ? now < known.fetchedAt + KEY_REFRESH_SECONDS * 1000 : now < known.freshUntil;
}

/** @throws Error when there is nothing left that may serve. */
function lastKnown(known: KnownDocument | undefined, now: number, message: string): string {
  if (known !== undefined && now < known.usableUntil) return known.text;
  throw new Error(message);
}

function keyOf(url: URL, post: string | undefined): string {
  if (post === undefined) return url.href;
  return `${url.href} ${createHash('sha256').update(post).digest('base64')}`;
}
