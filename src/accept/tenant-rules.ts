/**
 * What tenants lay down for their own events: quotas, redaction, and that one which is being
 * deleted takes nothing. A tenant without any of these has no rules, and its events cost one
 * look-up in a map.
 */
import { MAX_EVENT_BODY_BYTES } from '../domain/limits.ts';
import { createRateLimit, fillOf, take, type RateLimit } from '../domain/rate-limit.ts';
import { compileRedaction, type Redaction } from '../domain/redaction.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Clock } from '../runtime/clock.ts';
import type { TenantData } from '../storage/tenant-data.ts';
import type { TenantDirectory, TenantListener } from '../storage/tenant-directory.ts';
import type { Publication, RateStatus, RuleRefusal, TenantRates } from './publication.ts';
import { StorageQuota } from './storage-quota.ts';

/** A full store empties by days, as retention goes on. */
const RETRY_AFTER_STORAGE_SECONDS = 3_600;

interface Options {
  readonly tenants: TenantDirectory;
  readonly tenantData: Pick<TenantData, 'usage'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly onError: (error: unknown) => void;
}

export class TenantRules implements TenantListener, TenantRates {
  readonly #options: Options;
  readonly #rules = new Map<number, Rules>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Follows the directory, and reads what tenants with a storage quota have stored. */
  async start(): Promise<void> {
    this.#options.tenants.listen(this);
    for (const rules of this.#rules.values()) await rules.storage?.read();
  }

  /** Undefined for a tenant that has none. */
  of(tenant: number): Rules | undefined {
    return this.#rules.get(tenant);
  }

  take(tenant: number, events: number): RuleRefusal | undefined {
    return this.#rules.get(tenant)?.takeRate(events);
  }

  status(tenant: number): RateStatus | undefined {
    return this.#rules.size === 0 ? undefined : this.#rules.get(tenant)?.rateStatus();
  }

  changed(tenant: Tenant): void {
    const { number, quotas, redact, status } = tenant;
    const plain = quotas.eventsPerSecond === null && quotas.maxStorageBytes === null;
    if (plain && redact.length === 0 && status === 'active') {
      this.#rules.delete(number);
      return;
    }
    let rules = this.#rules.get(number);
    if (rules === undefined) {
      rules = new Rules(number, this.#options);
      this.#rules.set(number, rules);
    }
    rules.follow(tenant);
  }

  /** Its rules stay: a request that was on its way may still bring an event of it. */
  removed(): void {}
}

/** The rules of one tenant, and how far it has used its quotas up. */
export class Rules {
  readonly #tenant: number;
  readonly #options: Options;
  #isLeaving = false;
  #redact: readonly string[] = [];
  #redaction: Redaction | null = null;
  #quota = 0;
  #rate: RateLimit | null = null;
  storage: StorageQuota | null = null;

  constructor(tenant: number, options: Options) {
    this.#tenant = tenant;
    this.#options = options;
  }

  /** What was used up stays used up, as far as its quota stays the same. */
  follow({ status, redact, quotas }: Tenant): void {
    this.#isLeaving = status === 'deleting';
    if (redact !== this.#redact) {
      this.#redact = redact;
      this.#redaction = redact.length === 0 ? null : compileRedaction(redact);
    }
    const { eventsPerSecond, maxStorageBytes } = quotas;
    if (eventsPerSecond === null) this.#rate = null;
    else if (this.#rate === null || eventsPerSecond !== this.#quota) {
      this.#quota = eventsPerSecond;
      this.#rate = createRateLimit(eventsPerSecond);
    }
    if (maxStorageBytes === null) this.storage = null;
    else if (this.storage !== null) this.storage.maxBytes = maxStorageBytes;
    else this.storage = this.#storageQuota(maxStorageBytes);
  }

  #storageQuota(maxBytes: number): StorageQuota {
    const { clock, tenantData, onError } = this.#options;
    const usage = () => tenantData.usage(this.#tenant);
    const storage = new StorageQuota(maxBytes, { clock, usage, onError });
    void storage.read();
    return storage;
  }

  /** The publication as it may be stored, or why it may not. */
  admit(publication: Publication): Publication | RuleRefusal {
    if (this.#isLeaving) {
      return { code: 'tenant_is_deleting', reason: 'the tenant is being deleted' };
    }
    const redacted = this.#redacted(publication);
    if ('code' in redacted || publication.quota !== undefined) return redacted;
    return this.takeRate(1) ?? redacted;
  }

  #redacted(publication: Publication): Publication | RuleRefusal {
    if (this.#redaction === null) return publication;
    const { dataText, metadataText } = publication;
    try {
      const data = this.#redaction.apply('data', dataText);
      const metadata = metadataText && this.#redaction.apply('metadata', metadataText);
      // A list of digits may grow tenfold.
      if (data.length > dataText.length && Buffer.byteLength(data) > MAX_EVENT_BODY_BYTES) {
        const reason = `once redacted its data takes more than ${MAX_EVENT_BODY_BYTES} bytes`;
        return { code: 'payload_too_large', reason };
      }
      // What was parsed before is not redacted; filters parse it anew.
      const unparsed = { data: undefined, metadata: undefined };
      return { ...publication, ...unparsed, dataText: data, metadataText: metadata };
    } catch (error) {
      this.#options.onError(error);
      return { code: 'redaction_failed', reason: 'its content could not be redacted' };
    }
  }

  takeRate(events: number): RuleRefusal | undefined {
    if (this.#rate === null) return undefined;
    const waitMs = take(this.#rate, this.#options.clock.monotonic(), events);
    if (waitMs === 0) return undefined;
    return {
      code: 'quota_exceeded',
      quota: 'events_per_second',
      reason: `the tenant may publish ${this.#quota} events a second`,
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    };
  }

  rateStatus(): RateStatus | undefined {
    if (this.#rate === null) return undefined;
    const { tokens, fullInMs } = fillOf(this.#rate, this.#options.clock.monotonic());
    return {
      quota: this.#quota,
      remaining: tokens,
      fullInSeconds: Math.ceil(fullInMs / 1000),
    };
  }

  /** Where room must be made for an event, or null. */
  storageFor({ quota }: Publication): StorageQuota | null {
    return quota === 'exempt' ? null : this.storage;
  }
}

export function storageFull({ maxBytes }: StorageQuota): RuleRefusal {
  return {
    code: 'quota_exceeded',
    quota: 'max_storage_bytes',
    reason: `the tenant may store ${maxBytes} bytes of events`,
    retryAfterSeconds: RETRY_AFTER_STORAGE_SECONDS,
  };
}
