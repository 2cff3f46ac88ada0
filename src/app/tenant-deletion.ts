/**
 * Erases tenants that are being deleted: in the background, a chunk at a time, and on after a
 * restart, because their state is in the store. It ends when nothing of the tenant is left that
 * could still write: attempts in flight are waited for, and what is settled late is erased again.
 *
 * Every node of a cluster sets about it, so that no death stops it. None begins to erase before the
 * attempts of all others must be over, and each at another time; mostly the first one is done by
 * then.
 */
import { MAX_TIMEOUT_MS } from '../domain/limits.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { Service } from '../runtime/service.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type { SourceRegistry } from '../storage/source-registry.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import type { TenantData } from '../storage/tenant-data.ts';
import type { TenantDirectory, TenantListener } from '../storage/tenant-directory.ts';

/** Rows that one transaction erases; commits wait for it. */
const CHUNK_ROWS = 1_000;

/** Between two chunks, so that publishers get their turns. */
const CHUNK_PAUSE_MS = 5;

/** While an attempt of the tenant is in flight. */
const SENDING_PAUSE_MS = 100;

/** Nothing of the tenant may turn up for so long before it counts as gone. */
const QUIET_MS = 1_000;

/** The longest attempt, and time for other nodes to hear of the deletion and to lose a lease. */
const OTHERS_MS = MAX_TIMEOUT_MS + 20_000;
/** So that not all nodes erase the same at the same time. */
const SPREAD_MS = 30_000;

const REASON = 'the tenant is being deleted';

/** After the store refused. */
const FAILED_PAUSE_MS = 5_000;

interface Options {
  readonly tenants: TenantDirectory;
  readonly registry: Pick<SubscriptionRegistry, 'all' | 'delete'>;
  readonly sources: Pick<SourceRegistry, 'list' | 'remove'>;
  readonly tenantData: Pick<TenantData, 'erase' | 'shred' | 'remove'>;
  readonly writer: Pick<JournalWriter, 'flushed'>;
  readonly dispatcher: {
    /** True while this process has an attempt of the tenant in flight. */
    isSendingFor(tenant: number): boolean;
  };
  readonly replays: { endAll(tenant: number, reason: string): Promise<void> };
  /** Left out where this process is alone with its store. */
  readonly cluster?: { readonly random: Pick<Random, 'unit'> } | undefined;
  readonly clock: Clock;
  /** @param rows how many were erased since the start of this process. */
  readonly onDeleted: (tenant: Tenant, rows: number) => void;
  readonly onError: (error: unknown) => void;
}

export class TenantDeletion implements Service, TenantListener {
  readonly #options: Options;
  readonly #waiting = new Map<number, Tenant>();
  #running: Promise<void> | null = null;
  #started = false;
  #stopped = false;
  #pause: { readonly timer: Timer; readonly end: () => void } | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Before dispatch starts, so that no tenant on its way out is sent anything. */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#options.tenants.listen(this);
    for (const { number } of this.#waiting.values()) await this.#closeDoors(number);
    this.#started = true;
    this.#run();
  }

  /** What is half erased is gone on with after the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pause?.timer.cancel();
    this.#pause?.end();
    await this.#running;
  }

  /** Resolves when no tenant is being erased. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  changed(tenant: Tenant): void {
    if (tenant.status !== 'deleting') return;
    this.#waiting.set(tenant.number, tenant);
    this.#run();
  }

  removed({ number }: Tenant): void {
    this.#waiting.delete(number);
  }

  #run(): void {
    if (!this.#started || this.#stopped) return;
    this.#running ??= this.#eraseAll().finally(() => {
      this.#running = null;
      if (this.#waiting.size > 0) this.#run();
    });
  }

  async #eraseAll(): Promise<void> {
    for (const tenant of this.#waiting.values()) {
      let isGone = false;
      while (!isGone && !this.#stopped) {
        isGone = await this.#delete(tenant).catch((error: unknown) => {
          this.#options.onError(error);
          return false;
        });
        if (!isGone) await this.#wait(FAILED_PAUSE_MS);
      }
    }
  }

  /** @returns false when it was stopped on the way. */
  async #delete(tenant: Tenant): Promise<boolean> {
    const { tenants, tenantData, replays, onDeleted } = this.#options;
    const { number } = tenant;
    await this.#closeDoors(number);
    await replays.endAll(number, REASON);
    await this.#waitForOthers(tenant);
    const rows = await this.#erase(number);
    if (this.#stopped) return false;
    // Another node was faster.
    if (!this.#waiting.has(number)) return true;
    await tenantData.shred();
    await tenantData.remove(number);
    tenants.forget(number);
    onDeleted(tenant, rows);
    return true;
  }

  /** Resolves when nothing was found for a while. @returns how many rows were erased. */
  async #erase(tenant: number): Promise<number> {
    const { tenantData, writer, dispatcher } = this.#options;
    let erased = 0;
    let isQuiet = false;
    while (!this.#stopped && this.#waiting.has(tenant)) {
      await this.#closeDoors(tenant);
      // An attempt that ended after its event was erased would be found by nobody.
      if (dispatcher.isSendingFor(tenant)) {
        isQuiet = false;
        await this.#wait(SENDING_PAUSE_MS);
        continue;
      }
      await writer.flushed();
      const rows = await tenantData.erase(tenant, CHUNK_ROWS);
      erased += rows;
      if (rows === 0 && isQuiet) break;
      isQuiet = rows === 0;
      await this.#wait(isQuiet ? QUIET_MS : CHUNK_PAUSE_MS);
    }
    return erased;
  }

  /** Until no other node can have anything of the tenant under way. */
  async #waitForOthers({ updatedAt }: Tenant): Promise<void> {
    const { cluster, clock } = this.#options;
    if (cluster === undefined) return;
    const patienceMs = OTHERS_MS + cluster.random.unit() * SPREAD_MS;
    await this.#wait(Math.min(Math.max(updatedAt + patienceMs - clock.now(), 0), patienceMs));
  }

  /** Takes away what could send, what new events would match, and where they come in. */
  async #closeDoors(tenant: number): Promise<void> {
    const { registry, sources } = this.#options;
    for (const { number } of sources.list(tenant)) await sources.remove(number);
    // Bellwire's own as well, which no list has.
    for (const one of registry.all()) if (one.tenant === tenant) await registry.delete(one.number);
  }

  #wait(milliseconds: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(milliseconds, resolve);
      this.#pause = { timer, end: resolve };
    });
  }
}
