/** The event catalogue as it is on the wire. */
import type { Instant, ListQuery, ProblemPart } from './types.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What the catalogue says of an event type. */
interface EventTypeFields {
  readonly description?: string | null;
  /** Heading under which people find it. */
  readonly group?: string | null;
  /** JSON Schema of `data`, 2020-12 or draft-07. */
  readonly schema?: JsonSchema | null;
  /** Values of `data`; each must fit the schema. */
  readonly examples?: readonly unknown[];
  /** Of data that does not fit. Default `off`. */
  readonly enforcement?: 'off' | 'warn' | 'reject';
  readonly deprecated?: boolean;
  readonly deprecated_message?: string | null;
  /** The event type to use instead. */
  readonly replaced_by?: string | null;
}

export interface CreateEventType extends EventTypeFields {
  readonly name: string;
}

export type UpdateEventType = EventTypeFields;

export interface EventType extends Required<EventTypeFields> {
  readonly name: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export interface ListEventTypes extends ListQuery {
  readonly group?: string;
  readonly deprecated?: boolean;
}

export interface CatalogueSettings {
  /** What becomes of events whose type is not in the catalogue. */
  readonly unknown_event_types: 'allow' | 'warn' | 'reject';
}

export interface ImportEventTypes {
  /** OpenAPI 3.1 with `webhooks`, AsyncAPI 3, or a map from event types to JSON Schemas. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Told from the document when left out. */
  readonly format?: 'openapi' | 'asyncapi' | 'json_schema';
  /** For new types, where the document does not say. */
  readonly enforcement?: 'off' | 'warn' | 'reject';
  /** Only tell what would happen. */
  readonly dry_run?: boolean;
}

export interface ImportReply {
  readonly dry_run: boolean;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly data: readonly {
    readonly name: string;
    /** JSON Pointer into the document. */
    readonly source: string;
    readonly result: 'created' | 'updated' | 'unchanged' | 'refused';
    readonly errors?: readonly ProblemPart[];
  }[];
}
