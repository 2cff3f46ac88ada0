/**
 * The sealed part of a source's row: the token of its URL and its secrets. The rest is the JSON
 * text of its settings.
 *
 * A row that can't be opened is locked, not lost: its source is there and out of order, while the
 * row keeps its sealed bytes. With the right key at the next start everything is as it was.
 */
import { createHash } from 'node:crypto';
import {
  openSecret,
  SecretBoxError,
  sealedWith,
  sealSecret,
  SEAL_RANDOM_BYTES,
  type MasterKey,
} from '../domain/secret-box.ts';
import type { Source, SourceSettings } from '../domain/source.ts';
import type { SourceRecord } from './control.ts';
import type { VaultOptions } from './subscription-vault.ts';

/** Of the settings `config` is among them: it holds verify tokens and the like. */
type SealedParts = Pick<Source, 'token' | 'secrets' | 'config' | 'credentials'>;
type Opened = SealedParts & Pick<Source, 'lockedReason'>;
type SealedColumns = Pick<SourceRecord, 'tokenHash' | 'sealedSecrets'>;

/** A source whose row can't be opened, and why; for the operator. */
export interface LockedSource {
  readonly record: SourceRecord;
  readonly error: SecretBoxError;
}

const LOCKED: Opened = {
  token: '',
  secrets: [],
  config: {},
  lockedReason: 'secret_unavailable: its secrets can not be opened with the master keys',
};

export class SourceVault {
  readonly #options: VaultOptions;
  readonly #locked = new Map<number, LockedSource>();
  /** Rows that are sealed with another key than the first. */
  readonly #outdated = new Set<number>();
  #opened = 0;

  constructor(options: VaultOptions) {
    this.#options = options;
  }

  get locked(): readonly LockedSource[] {
    return [...this.#locked.values()];
  }

  /** Numbers of the sources that hold back the removal of an old master key. */
  get outdated(): readonly number[] {
    return [...this.#outdated];
  }

  /** What a row adds to its settings. */
  open(record: SourceRecord): Opened {
    const { number } = record;
    try {
      const parts = this.#open(record);
      this.#opened += 1;
      this.stored(record);
      return { ...parts, lockedReason: null };
    } catch (error) {
      if (!(error instanceof SecretBoxError)) throw error;
      this.#locked.set(number, { record, error });
      return LOCKED;
    }
  }

  /** The columns of a live source. */
  seal({ tenant, number, token, secrets, config, credentials }: Source): SealedColumns {
    const locked = this.#locked.get(number);
    if (locked !== undefined && token === '') {
      const { tokenHash, sealedSecrets } = locked.record;
      return { tokenHash, sealedSecrets };
    }
    const parts = { token, secrets, config, ...(credentials && { credentials }) };
    const sealedSecrets = this.#seal({ tenant, number }, parts);
    return { tokenHash: tokenHashOf(token), sealedSecrets };
  }

  /** The columns of a deleted source: nothing is kept of what was sealed. */
  sealNothing({ tenant, number }: Source): SealedColumns {
    const sealedSecrets = this.#seal({ tenant, number }, { token: '', secrets: [], config: {} });
    return { tokenHash: '', sealedSecrets };
  }

  /** What the row holds now. */
  stored({ number, sealedSecrets, deletedAt }: SourceRecord): void {
    // What can't be opened can't be sealed anew either.
    if (this.#locked.get(number)?.record.sealedSecrets === sealedSecrets) return;
    this.#locked.delete(number);
    const isCurrent = deletedAt !== null || sealedWith(sealedSecrets) === this.#sealingKey().id;
    if (isCurrent) this.#outdated.delete(number);
    else this.#outdated.add(number);
  }

  /**
   * Called once all rows were opened; see `SubscriptionVault.confirmKeys`.
   *
   * @throws SecretBoxError `unknown_key`
   */
  confirmKeys(): void {
    if (this.#opened > 0 || this.#options.whenAllAreLost === 'disable') return;
    const errors = this.locked.map(({ error }) => error);
    const stranger = errors.find(({ reason }) => reason === 'unknown_key');
    if (stranger !== undefined) throw stranger;
  }

  #open(record: SourceRecord): SealedParts {
    const text = openSecret({
      masterKeys: this.#options.masterKeys,
      aad: contextOf(record),
      sealed: record.sealedSecrets,
    });
    return JSON.parse(text) as SealedParts;
  }

  #seal(place: Place, parts: SealedParts): Uint8Array {
    return sealSecret({
      masterKey: this.#sealingKey(),
      aad: contextOf(place),
      plaintext: JSON.stringify(parts),
      random: this.#options.random.bytes(SEAL_RANDOM_BYTES),
    });
  }

  #sealingKey(): MasterKey {
    const [masterKey] = this.#options.masterKeys;
    if (masterKey === undefined) throw new Error('no master key to seal secrets with');
    return masterKey;
  }
}

type Place = Pick<SourceRecord, 'tenant' | 'number'>;

/** Binds a sealed secret to its row, so that it can't be copied into another tenant's. */
function contextOf({ tenant, number }: Place): string {
  return `tenant:${tenant}|source:${number}`;
}

/** Lower-case hex. Tokens are long and random, so nobody finds one by its hash. */
export function tokenHashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The settings that stand in the row as they are. */
export function openSourceSettings(source: Source): Omit<SourceSettings, 'config'> {
  const { number: _number, id: _id, tenant: _tenant, status: _status, ...rest } = source;
  const { token: _token, secrets: _secrets, config: _config, ...open } = rest;
  const { lockedReason: _reason, credentials: _credentials, ...choices } = open;
  const { createdAt: _at, updatedAt: _changedAt, ...settings } = choices;
  return settings;
}
