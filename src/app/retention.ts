/** Retention as the settings and the tenants want it. */
import type { Logger } from 'pino';
import { systemClock } from '../runtime/system.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import { withInboxes } from '../storage/inbox-retention.ts';
import { RetentionKeeper } from '../storage/retention-keeper.ts';
import type { Storage } from '../storage/storage.ts';
import type { TenantDirectory } from '../storage/tenant-directory.ts';
import type { Config } from './config.ts';

interface Options {
  readonly config: Pick<Config, 'retention_days'>;
  readonly storage: Pick<Storage, 'retention' | 'inboxes'>;
  readonly tenants: TenantDirectory;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

export function createRetention(options: Options): RetentionKeeper {
  const { config, storage, tenants, telemetry, log } = options;
  return new RetentionKeeper({
    store: withInboxes(storage.retention, storage.inboxes),
    days: config.retention_days,
    tenants: () =>
      tenants.list().map(({ number, retentionDays }) => ({ tenant: number, days: retentionDays })),
    clock: systemClock,
    telemetry,
    onError: (error) => log.warn({ err: error }, 'old events could not be removed, for now'),
  });
}
