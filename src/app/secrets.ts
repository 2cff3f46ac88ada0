/** What the operator is told about sealed secrets, and the service that keeps them fresh. */
import type { Logger } from 'pino';
import { recordId } from '../domain/ids.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Service } from '../runtime/service.ts';
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
    'secrets can not be opened: these sources refuse what they are sent, until the right key is ' +
      'in BELLWIRE_MASTER_KEY or they are given a new URL and their secrets',
  );
}

interface Options {
  readonly registry: SubscriptionRegistry;
  readonly sources: SourceRegistry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
}

/** Of the subscriptions and of the sources, one beside the other. */
export function secretUpkeep({ registry, sources, clock, log, onError }: Options): Service {
  const told = (kind: 'subscriptions' | 'sources') => (count: number) =>
    log.info(
      { [kind]: count },
      `all secrets of ${kind} are sealed with the first master key now; when those of ` +
        'subscriptions and sources are, the other keys can be dropped',
    );
  const parts = [
    new SecretUpkeep({ registry, clock, onResealed: told('subscriptions'), onError }),
    new SecretUpkeep({ registry: sources, clock, onResealed: told('sources'), onError }),
  ];
  return {
    start: async () => void (await Promise.all(parts.map((part) => part.start()))),
    stop: async () => void (await Promise.all(parts.map((part) => part.stop()))),
  };
}
