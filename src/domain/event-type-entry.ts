/** What the catalogue says of an event type, and of types that are not in it. */

export const ENFORCEMENTS = ['off', 'warn', 'reject'] as const;
/** What becomes of an event whose data does not fit the schema of its type. */
export type Enforcement = (typeof ENFORCEMENTS)[number];

export const UNKNOWN_TYPE_POLICIES = ['allow', 'warn', 'reject'] as const;
/** What becomes of an event whose type is not in the catalogue. */
export type UnknownTypePolicy = (typeof UNKNOWN_TYPE_POLICIES)[number];

/** A JSON Schema as its author wrote it; `catalogue/schema-faults.ts` says what it may hold. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface EventTypeEntry {
  /** The event type, whole: no pattern. */
  readonly name: string;
  readonly description: string | null;
  /** Heading under which people find it. */
  readonly group: string | null;
  /** Of `data`; null when nothing is said about it. */
  readonly schema: JsonSchema | null;
  /** Values of `data`, each fitting the schema. */
  readonly examples: readonly unknown[];
  readonly enforcement: Enforcement;
  readonly deprecated: boolean;
  /** What publishers and subscribers should do instead. */
  readonly deprecatedMessage: string | null;
  /** The event type to use instead. */
  readonly replacedBy: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface CatalogueSettings {
  readonly unknownEventTypes: UnknownTypePolicy;
}

export const DEFAULT_CATALOGUE_SETTINGS: CatalogueSettings = { unknownEventTypes: 'allow' };

/** Words that are routes under `/v1/event-types`, so that no entry can have them as its name. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['export', 'import', 'settings']);
