import { Resolver as DnsClient } from 'node:dns/promises';
import type { RecordWithTtl } from 'node:dns';
import type { Clock } from '../runtime/clock.ts';
import { EgressError } from './egress-error.ts';
import {
  DNS_CACHE_MAX_MS,
  DNS_CACHE_MIN_MS,
  DNS_FAILURE_CACHE_MS,
  DNS_TIMEOUT_MS,
  MAX_DNS_ANSWERS,
  MAX_DNS_CACHED_NAMES,
  MAX_DNS_CONCURRENCY,
  MAX_DNS_WAITING,
} from './limits.ts';
import { LruMap } from '../domain/lru.ts';
import { Semaphore } from './semaphore.ts';

/**
 * The port to name resolution. It only says what a name resolves to; whether we may go there is
 * judged by the connector on every answer, so a cached or forged answer opens nothing.
 */
export interface Resolver {
  /** All addresses of a name, IPv4 first, at least one. Rejects with an `EgressError` (`dns`). */
  resolve(hostname: string): Promise<readonly string[]>;
}

export interface DnsResolverOptions {
  readonly clock: Clock;
  /** `address:port` of the DNS servers; default: the system's. */
  readonly servers?: readonly string[];
  /** Default `DNS_TIMEOUT_MS`. */
  readonly timeoutMs?: number;
}

interface CacheEntry {
  readonly answer: Promise<readonly string[]>;
  /** Monotonic milliseconds; infinite while the answer is awaited, so that askers share it. */
  expiresAt: number;
}

/**
 * Resolves over c-ares, not `getaddrinfo`: that one runs on the four threads which also serve the
 * file system, so one hung DNS server would stop the store. The price is that `/etc/hosts` is not
 * read.
 */
export function createDnsResolver(options: DnsResolverOptions): Resolver {
  const { clock } = options;
  const client = createClient(options);
  const timeoutMs = options.timeoutMs ?? DNS_TIMEOUT_MS;
  const cache = new LruMap<CacheEntry>(MAX_DNS_CACHED_NAMES);
  const slots = new Semaphore(MAX_DNS_CONCURRENCY, MAX_DNS_WAITING);

  async function look(hostname: string, timing: { expiresAt: number }): Promise<readonly string[]> {
    let lifetimeMs = DNS_FAILURE_CACHE_MS;
    try {
      if (!(await slots.acquire())) throw dnsError('too many name resolutions are waiting');
      const records = await withTimeout(clock, timeoutMs, queryBoth(client, hostname)).finally(() =>
        slots.release(),
      );
      lifetimeMs = cacheLifetimeMs(records);
      return records.map((record) => record.address);
    } finally {
      timing.expiresAt = clock.monotonic() + lifetimeMs;
    }
  }

  return {
    resolve(hostname) {
      const cached = cache.get(hostname);
      if (cached !== undefined && cached.expiresAt > clock.monotonic()) return cached.answer;
      const timing = { expiresAt: Number.POSITIVE_INFINITY };
      const entry: CacheEntry = Object.assign(timing, { answer: look(hostname, timing) });
      cache.set(hostname, entry);
      return entry.answer;
    },
  };
}

function createClient(options: DnsResolverOptions): DnsClient {
  // Two tries inside the whole time: a lost datagram is common, a slow resolver is not our wait.
  const client = new DnsClient({
    timeout: Math.ceil((options.timeoutMs ?? DNS_TIMEOUT_MS) / 2),
    tries: 2,
  });
  if (options.servers !== undefined) client.setServers(options.servers);
  return client;
}

/** A and AAAA at once; one family may be missing or broken as long as the other answers. */
async function queryBoth(client: DnsClient, hostname: string): Promise<readonly RecordWithTtl[]> {
  const [four, six] = await Promise.allSettled([
    client.resolve4(hostname, { ttl: true }),
    client.resolve6(hostname, { ttl: true }),
  ]);
  const records = [
    ...(four.status === 'fulfilled' ? four.value : []),
    ...(six.status === 'fulfilled' ? six.value : []),
  ];
  if (records.length === 0) throw dnsError('the host name of the target could not be resolved');
  if (records.length > MAX_DNS_ANSWERS) {
    throw dnsError('the host name of the target has too many addresses');
  }
  return records;
}

function cacheLifetimeMs(records: readonly RecordWithTtl[]): number {
  const shortestMs = Math.min(...records.map((record) => record.ttl)) * 1_000;
  return Math.min(DNS_CACHE_MAX_MS, Math.max(DNS_CACHE_MIN_MS, shortestMs));
}

function withTimeout<T>(clock: Clock, timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(timeoutMs, () => {
      reject(dnsError(`the host name of the target did not resolve within ${timeoutMs} ms`));
    });
    const settled = <Arg>(settle: (value: Arg) => void) => {
      return (value: Arg) => {
        timer.cancel();
        settle(value);
      };
    };
    work.then(settled(resolve), settled(reject));
  });
}

function dnsError(detail: string): EgressError {
  return new EgressError('dns', detail);
}
