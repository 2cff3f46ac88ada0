/** What the dedupe stores with a life of their own share: two times, and whose claim it is. */

/** Longer than a queue may take; short enough for a sender that tries again after a crash. */
export const DEFAULT_LEASE_MS = 60_000;
/** As long as Bellwire itself keeps the keys of inbound events, at the least. */
export const DEFAULT_DEDUPE_TTL_MS = 7 * 24 * 60 * 60 * 1000;
export const DEFAULT_DEDUPE_TABLE = 'bellwire_dedupe';

const TABLE_NAME = /^[A-Za-z_]\w{0,62}$/;

export interface LeaseOptions {
  /** How long an id is remembered once its event is in the queue. Default 7 days. */
  readonly ttlMs?: number;
  /**
   * How long a claim holds when neither `confirm` nor `release` follows, because the process died.
   * Default 60 s; must be longer than the queue may take.
   */
  readonly leaseMs?: number;
}

export interface LeaseTimes {
  readonly ttlMs: number;
  readonly leaseMs: number;
}

/** @throws TypeError for times that are none. */
export function leaseTimes(options: LeaseOptions): LeaseTimes {
  const { ttlMs = DEFAULT_DEDUPE_TTL_MS, leaseMs = DEFAULT_LEASE_MS } = options;
  for (const [name, ms] of Object.entries({ ttlMs, leaseMs })) {
    if (Number.isSafeInteger(ms) && ms > 0) continue;
    throw new TypeError(`\`${name}\` must be a whole number of milliseconds above 0`);
  }
  return { ttlMs, leaseMs };
}

/** @throws TypeError for a name that SQL would not take as it is. */
export function tableName(name: string): string {
  if (TABLE_NAME.test(name)) return name;
  throw new TypeError('`table` must be letters, digits and "_", at most 63 of them');
}

/**
 * Remembers which claims are this process's own. A claim that outlived its lease may belong to
 * somebody else by now, and must not be released then.
 */
export class Leases {
  readonly #process = crypto.randomUUID();
  readonly #held = new Map<string, string>();
  #count = 0;

  /** A token no other claim has. */
  newToken(): string {
    this.#count += 1;
    return `${this.#process}.${this.#count}`;
  }

  /** The claim under this token succeeded. */
  hold(key: string, token: string): void {
    this.#held.set(key, token);
  }

  /** The claim is over; its token, if it was made here. */
  end(key: string): string | undefined {
    const token = this.#held.get(key);
    this.#held.delete(key);
    return token;
  }
}
