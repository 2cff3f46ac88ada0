/** What the operator is told about sealed secrets, and the service that keeps them fresh. */
import type { Logger } from 'pino';
import { recordId } from '../domain/ids.ts';
import type { Clock } from '../runtime/clock.ts';
import { SecretUpkeep } from '../storage/secret-upkeep.ts';
import type { SourceRegistry } from '../storage/source-registry.ts';
import type { LockedSource } from '../storage/source-vault.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';
import type { LockedRow } from '../storage/subscription-vault.ts';

/** Ids in one log line; the number of all is beside them. */
const MAX_LOGGED_IDS = 20;

/** Subscriptions that are disabled because their secrets can't be opened. */
export function reportLocked(log: Logger, locked: readonly LockedRow[]): void {
  if (locked.length === 0) return;
  const rows = locked.slice(0, MAX_LOGGED_IDS);
  log.error(
    {
      subscriptions: locked.length,
      ids: rows.map(({ record }) => recordId('sub', record.createdAt, record.number)),
      reasons: [...new Set(locked.map(({ error }) => error.message))].slice(0, MAX_LOGGED_IDS),
    },
    'secrets can not be opened: these subscriptions are disabled, and their events are held, ' +
      'until the right key is in BELLWIRE_MASTER_KEY or their secrets are rotated',
  );
}

/** Sources that are out of order because their secrets can't be opened. */
export function reportLockedSources(log: Logger, locked: readonly LockedSource[]): void {
  if (locked.length === 0) return;
  const rows = locked.slice(0, MAX_LOGGED_IDS);
  log.error(
    {
      sources: locked.length,
      ids: rows.map(({ record }) => recordId('src', record.createdAt, record.number)),
      reasons: [...new Set(locked.map(({ error }) => error.message))].slice(0, MAX_LOGGED_IDS),
    },
    'secrets can not be opened: these sources are out of order, and their senders are told to ' +
      'come again, until the right key is in BELLWIRE_MASTER_KEY or they get another URL',
  );
}

interface Options {
  readonly registry: SubscriptionRegistry;
  readonly sources: SourceRegistry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
}

export function secretUpkeep({ registry, sources, clock, log, onError }: Options): SecretUpkeep {
  const onResealed = (rows: number) =>
    log.info(
      { rows },
      'all secrets are sealed with the first master key now; the others can be dropped',
    );
  return new SecretUpkeep({ registry, sources, clock, onResealed, onError });
}
