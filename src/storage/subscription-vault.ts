/**
 * The sealed part of a subscription's row: whatever signs, opens a door, or may be a credential.
 * The rest is the JSON text of its settings.
 *
 * A row that can't be opened is locked, not lost: its subscription is there, disabled and without
 * secrets, while the row keeps its sealed bytes and its status. With the right key at the next
 * start everything is as it was.
 */
import {
  openSecret,
  SecretBoxError,
  sealedWith,
  sealSecret,
  SEAL_RANDOM_BYTES,
  type MasterKey,
} from '../domain/secret-box.ts';
import type { SigningSecret } from '../domain/signing-secrets.ts';
import type { Subscription, SubscriptionSettings } from '../domain/subscription.ts';
import type { Random } from '../runtime/random.ts';
import type { SubscriptionRecord } from './control.ts';

type SealedSetting = 'auth' | 'clientCertificate' | 'credentials' | 'headers';

/** What is sealed; version 0.1 kept headers in the settings, and nothing else but secrets. */
interface SealedParts
  extends Pick<Subscription, 'secrets'>, Partial<Pick<Subscription, SealedSetting>> {}

type Locked = Pick<Subscription, 'secrets' | 'status' | 'disabledReason'>;

/** What of a row depends on whether it can be opened. */
type SealedColumns = Pick<SubscriptionRecord, 'sealedSecrets' | 'status' | 'disabledReason'>;

/** A subscription whose row can't be opened, and why; for the operator. */
export interface LockedRow {
  readonly record: SubscriptionRecord;
  readonly error: SecretBoxError;
}

export interface VaultOptions {
  /** The first seals; all open. */
  readonly masterKeys: readonly MasterKey[];
  readonly random: Random;
  /** What to do when not one row can be opened; by default it is refused. */
  readonly whenAllAreLost?: 'refuse' | 'disable' | undefined;
}

const LOCKED: Locked = {
  secrets: [],
  status: 'disabled',
  disabledReason: 'secret_unavailable: its secrets can not be opened with the master keys',
};

export class SubscriptionVault {
  readonly #options: VaultOptions;
  readonly #locked = new Map<number, LockedRow>();
  /** Rows that are sealed with another key than the first. */
  readonly #outdated = new Set<number>();
  #opened = 0;

  constructor(options: VaultOptions) {
    this.#options = options;
  }

  get locked(): readonly LockedRow[] {
    return [...this.#locked.values()];
  }

  /** Numbers of the subscriptions that hold back the removal of an old master key. */
  get outdated(): readonly number[] {
    return [...this.#outdated];
  }

  /** What a row adds to its settings. */
  open(record: SubscriptionRecord): SealedParts | Locked {
    const { number } = record;
    try {
      const parts = this.#open(record);
      this.#opened += 1;
      this.#locked.delete(number);
      this.stored(record);
      return parts;
    } catch (error) {
      if (!(error instanceof SecretBoxError)) throw error;
      this.#locked.set(number, { record, error });
      return LOCKED;
    }
  }

  /** The columns of a live subscription. */
  seal(subscription: Subscription): SealedColumns {
    const { tenant, number, status, disabledReason, secrets } = subscription;
    const locked = this.#locked.get(number);
    if (locked !== undefined && secrets.length === 0) return columnsOf(locked.record);
    const { auth, clientCertificate, credentials, headers } = subscription;
    const parts = { secrets, auth, clientCertificate, credentials, headers };
    return { status, disabledReason, sealedSecrets: this.#seal({ tenant, number }, parts) };
  }

  /** The columns of a deleted subscription: nothing is kept of what was sealed. */
  sealNothing({ tenant, number, status, disabledReason }: Subscription): SealedColumns {
    return { status, disabledReason, sealedSecrets: this.#seal({ tenant, number }, NOTHING) };
  }

  /** What the row holds now. */
  stored({ number, sealedSecrets, deletedAt }: SubscriptionRecord): void {
    const isCurrent = deletedAt !== null || sealedWith(sealedSecrets) === this.#sealingKey().id;
    if (isCurrent) this.#outdated.delete(number);
    else this.#outdated.add(number);
  }

  /**
   * Called once all rows were opened. One row that can't be opened is that row's misfortune; when
   * none can be for want of the key, the key is what is wrong.
   *
   * @throws SecretBoxError `unknown_key`
   */
  confirmKeys(): void {
    if (this.#opened > 0 || this.#options.whenAllAreLost === 'disable') return;
    const errors = this.locked.map(({ error }) => error);
    const stranger = errors.find(({ reason }) => reason === 'unknown_key');
    if (stranger !== undefined) throw stranger;
  }

  #open(record: SubscriptionRecord): SealedParts {
    const text = openSecret({
      masterKeys: this.#options.masterKeys,
      aad: contextOf(record),
      sealed: record.sealedSecrets,
    });
    const stored = JSON.parse(text) as SealedParts | (string | SigningSecret)[];
    return Array.isArray(stored) ? { secrets: stored.map(withEnd) } : stored;
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

type Place = Pick<SubscriptionRecord, 'tenant' | 'number'>;

function columnsOf({ status, disabledReason, sealedSecrets }: SubscriptionRecord): SealedColumns {
  return { status, disabledReason, sealedSecrets };
}

const NOTHING: SealedParts = { secrets: [] };

/** Binds a sealed secret to its row, so that it can't be copied into another tenant's. */
function contextOf({ tenant, number }: Place): string {
  return `tenant:${tenant}|subscription:${number}`;
}

/** Version 0.1 stored bare texts. */
function withEnd(secret: string | SigningSecret): SigningSecret {
  return typeof secret === 'string' ? { text: secret, expiresAt: null } : secret;
}

type OpenSettings = Omit<SubscriptionSettings, SealedSetting>;

/** The settings that stand in the row as they are. */
export function openSettings(subscription: Subscription): OpenSettings {
  const { number: _number, id: _id, tenant: _tenant, status: _status, ...rest } = subscription;
  const { disabledReason: _reason, failingSince: _since, createdAt: _at, ...choices } = rest;
  const { updatedAt: _changedAt, secrets: _secrets, ...settings } = choices;
  const { auth: _auth, clientCertificate: _certificate, headers: _headers, ...others } = settings;
  const { credentials: _credentials, ...open } = others;
  return open;
}
