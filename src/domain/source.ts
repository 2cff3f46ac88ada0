/** A source: a door of its own for what a provider sends us, and how we know it is the provider. */

export const SOURCE_STATUSES = ['active', 'paused'] as const;
/** A paused one takes nothing: its senders are told to come again. */
export type SourceStatus = (typeof SOURCE_STATUSES)[number];

/** Where to find what makes a repeat a repeat. */
export type SourceDedupe =
  /** JSON pointer into the body. */
  | { readonly from: 'body'; readonly pointer: string }
  /** Name of a header, in lower case. */
  | { readonly from: 'header'; readonly name: string }
  /** The bytes of the whole body. */
  | { readonly from: 'body_hash' };

/** What a sender is answered once its event is stored. */
export interface SourceReply {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string | null;
}

/** What its owner chose. Everything here may be changed later. */
export interface SourceSettings {
  /** An entry of the provider catalogue, `custom` or `poll`. */
  readonly provider: string;
  readonly name: string | null;
  /** What the provider needs beside secrets; see its entry. */
  readonly config: Readonly<Record<string, unknown>>;
  /** CIDR ranges; empty lets all in. */
  readonly ipAllowlist: readonly string[];
  /** Null leaves it to the provider's entry. */
  readonly dedupe: SourceDedupe | null;
  /** Null leaves it to the provider's entry. */
  readonly reply: SourceReply | null;
  readonly allowUnsigned: boolean;
  /** Requests a second, or null for no limit of its own. */
  readonly rateLimit: number | null;
  /** JSON pointers of the top-level members that are kept, or null for all. */
  readonly fields: readonly string[] | null;
  /** Null for the limit of the installation. */
  readonly maxBodyBytes: number | null;
  /**
   * Until when each of `secrets` verifies, in step with them: milliseconds, or null for as long as
   * it stands there. Those behind the last entry have no end.
   */
  readonly secretEnds: readonly (number | null)[];
}

export interface Source extends SourceSettings {
  /** Position in the store; never reused. The public id is derived from it. */
  readonly number: number;
  readonly id: string;
  readonly tenant: number;
  /** The secret part of its URL. In memory only; the store keeps it sealed. */
  readonly token: string;
  /** Newest first; see `liveSecrets`. In memory only, the store keeps them sealed. */
  readonly secrets: readonly string[];
  /**
   * What it shows when it asks somebody itself (polls, hydration), by name. In memory only; sealed
   * beside the secrets.
   */
  readonly credentials?: Readonly<Record<string, string>>;
  readonly status: SourceStatus;
  /** Why it is out of order whatever its status says: its row can't be opened. Else null. */
  readonly lockedReason: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a setting is that its owner did not choose, and in rows written before it existed. */
export const DEFAULT_SOURCE_CHOICES: Omit<SourceSettings, 'provider'> = {
  name: null,
  config: {},
  ipAllowlist: [],
  dedupe: null,
  reply: null,
  allowUnsigned: false,
  rateLimit: null,
  fields: null,
  maxBodyBytes: null,
  secretEnds: [],
};

export interface LiveSecret {
  readonly text: string;
  readonly endsAt: number | null;
}

/** Those that verify now, newest first. */
export function liveSecrets(
  { secrets, secretEnds }: Pick<Source, 'secrets' | 'secretEnds'>,
  now: number,
): readonly LiveSecret[] {
  return secrets
    .map((text, index) => ({ text, endsAt: secretEnds[index] ?? null }))
    .filter(({ endsAt }) => endsAt === null || endsAt > now);
}

/** True once one of its secrets has ended: it need not be kept any more. */
export function hasEndedSecret(source: Pick<Source, 'secrets' | 'secretEnds'>, now: number) {
  return liveSecrets(source, now).length < source.secrets.length;
}
