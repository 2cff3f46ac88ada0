/**
 * The event catalogue: what event types there are and what their data looks like. One for the whole
 * installation. Held in memory as it is in the store, so that publishing asks without waiting;
 * each schema is compiled when the first event needs it.
 */
import {
  DEFAULT_CATALOGUE_SETTINGS,
  type CatalogueSettings,
  type EventTypeEntry,
  type JsonSchema,
} from '../domain/event-type-entry.ts';
import { MAX_CATALOGUE_BYTES, MAX_EVENT_TYPES } from '../domain/limits.ts';
import { compilePatterns, isOperationalEventType } from '../domain/routing.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { ControlChanges } from '../storage/control-changes.ts';
import type { ControlStore, EventTypeRecord } from '../storage/control.ts';
import { compileSchema, type CompiledSchema } from './schema-compiler.ts';
import type { Fault } from './schema-faults.ts';

/** What the catalogue has to say about an event; the names are part of the API. */
export type FlagCode =
  | 'schema_mismatch'
  | 'deprecated_event_type'
  | 'unknown_event_type'
  | 'not_checked';

/** A deprecated type is never refused. */
export type RefusalCode = Exclude<FlagCode, 'deprecated_event_type'>;

export interface Flag {
  readonly code: FlagCode;
  /** JSON Pointer into the event as it was published. */
  readonly pointer: string;
  readonly detail: string;
}

/** Something is to be said. Nothing to say is `undefined`. */
export type Verdict =
  | { readonly kind: 'flagged'; readonly flags: readonly Flag[] }
  /** The event is not to be taken. `errors` are the places, with the rule that each breaks. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly errors: readonly Fault[] };

export class CatalogueFullError extends Error {
  override readonly name = 'CatalogueFullError';
}

interface Options {
  readonly control: ControlStore;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

interface Known {
  readonly entry: EventTypeEntry;
  /** Its JSON text in the store. */
  readonly settings: string;
  /** Undefined until an event asks; null when there is nothing to check, or it can't be. */
  compiled: CompiledSchema | null | undefined;
}

export class EventCatalogue {
  readonly #options: Options;
  #types: ReadonlyMap<string, Known> = new Map();
  #settings = DEFAULT_CATALOGUE_SETTINGS;
  /** Nothing is known and nothing is asked: publishing need not look. */
  #isIdle = true;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
  }

  /** From now on holds here, too, what other nodes write. */
  follow(changes: Pick<ControlChanges, 'on'>): void {
    for (const table of ['event_type', 'catalogue_settings']) {
      changes.on(table, () => this.change(() => this.load()));
    }
  }

  /** Reads the store; what is as it was stays compiled. */
  async load(): Promise<void> {
    const { control } = this.#options;
    const [records, settings] = await Promise.all([
      control.eventTypes(),
      control.catalogueSettings(),
    ]);
    this.#settings = { ...DEFAULT_CATALOGUE_SETTINGS, ...parse<CatalogueSettings>(settings) };
    const types = records.map((record) => {
      const former = this.#types.get(record.name);
      const isSame = former?.settings === record.settings;
      return [record.name, isSame ? former : knownOf(record)] as const;
    });
    this.#replace(new Map(types));
  }

  get settings(): CatalogueSettings {
    return this.#settings;
  }

  get isEmpty(): boolean {
    return this.#types.size === 0;
  }

  find(name: string): EventTypeEntry | undefined {
    return this.#types.get(name)?.entry;
  }

  /** All entries by name. */
  list(): readonly EventTypeEntry[] {
    const names = [...this.#types.keys()].toSorted();
    return names.flatMap((name) => this.find(name) ?? []);
  }

  /** One change after the other, so that none is made from what another has changed. */
  change<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#lastChange.then(run);
    this.#lastChange = result.catch(() => undefined);
    return result;
  }

  /**
   * Adds or replaces entries that `entryFaults` finds nothing wrong with; all or none of them.
   * Within `change`.
   * @throws CatalogueFullError
   */
  async put(entries: readonly EventTypeEntry[]): Promise<void> {
    const records = entries.map(recordOf);
    const types = new Map(this.#types);
    for (const [index, entry] of entries.entries()) {
      const settings = records[index]?.settings ?? '';
      types.set(entry.name, { entry, settings, compiled: undefined });
    }
    requireRoom(types);
    await this.#options.control.putEventTypes(records);
    this.#replace(types);
  }

  /** Within `change`. */
  async remove(name: string): Promise<void> {
    await this.#options.control.deleteEventType(name);
    const types = new Map(this.#types);
    types.delete(name);
    this.#replace(types);
  }

  /** Within `change`. */
  async changeSettings(settings: CatalogueSettings): Promise<void> {
    await this.#options.control.putCatalogueSettings(JSON.stringify(settings));
    this.#settings = settings;
    this.#replace(this.#types);
  }

  #replace(types: ReadonlyMap<string, Known>): void {
    this.#types = types;
    this.#isIdle = types.size === 0 && this.#settings.unknownEventTypes === 'allow';
  }

  /**
   * What is to be said about an event on its way in. Called for every event.
   * @param data the value that was parsed from `chars` characters of JSON.
   */
  check(tenant: number, eventType: string, data: unknown, chars: number): Verdict | undefined {
    if (this.#isIdle) return undefined;
    const known = this.#types.get(eventType);
    const verdict = known === undefined ? this.#unknown(eventType) : checkKnown(known, data, chars);
    if (verdict !== undefined) this.#tell(tenant, eventType, verdict);
    return verdict;
  }

  #unknown(eventType: string): Verdict | undefined {
    const policy = this.#settings.unknownEventTypes;
    if (policy === 'allow') return undefined;
    const code = 'unknown_event_type';
    const detail = `"${eventType}" is not in the event catalogue`;
    const flag = { code, pointer: '/event_type', detail } as const;
    if (policy === 'warn') return { kind: 'flagged', flags: [flag] };
    return { kind: 'refused', code, errors: [flag] };
  }

  #tell(tenant: number, eventType: string, verdict: Verdict): void {
    const refused = verdict.kind === 'refused';
    this.#options.telemetry.emit({
      event: 'publication.flagged',
      at: this.#options.clock.now(),
      tenant,
      eventType,
      refused,
      codes: refused ? [verdict.code] : [...new Set(verdict.flags.map(({ code }) => code))],
    });
  }

  /** What is to be said about a pattern: it matches nothing, or only what is deprecated. */
  patternDoubt(pattern: string): Omit<Flag, 'pointer'> | undefined {
    if (this.isEmpty || isOperationalEventType(pattern)) return undefined;
    const matches = compilePatterns([pattern]);
    const matched = this.list().filter(({ name }) => matches(name));
    const [first] = matched;
    if (first === undefined) {
      const detail = `"${pattern}" matches no type in the event catalogue, at least not yet`;
      return { code: 'unknown_event_type', detail };
    }
    if (!matched.every(({ deprecated }) => deprecated)) return undefined;
    return { code: 'deprecated_event_type', detail: deprecationOf(first) };
  }
}

function checkKnown(known: Known, data: unknown, chars: number): Verdict | undefined {
  const { entry } = known;
  const flags: Flag[] = [];
  if (entry.deprecated) {
    const detail = deprecationOf(entry);
    flags.push({ code: 'deprecated_event_type', pointer: '/event_type', detail });
  }
  const errors = entry.enforcement === 'off' ? [] : dataFaults(known, data, chars);
  const [first] = errors;
  if (first !== undefined) {
    const code = first.code === NOT_CHECKED ? NOT_CHECKED : 'schema_mismatch';
    if (entry.enforcement === 'reject') return { kind: 'refused', code, errors };
    flags.push(...errors.map(({ pointer, detail }) => ({ code, pointer, detail }) as const));
  }
  return flags.length === 0 ? undefined : { kind: 'flagged', flags };
}

const NOT_CHECKED = 'not_checked';

function dataFaults(known: Known, data: unknown, chars: number): readonly Fault[] {
  if (known.compiled === undefined) known.compiled = compiledOrNull(known.entry.schema);
  if (known.compiled === null) return [];
  const verdict = known.compiled.check(data, chars);
  if (verdict.kind === 'fits') return [];
  if (verdict.kind === 'not_checkable') {
    const detail = `could not be checked against the schema of its type: ${verdict.why}`;
    return [{ pointer: '/data', detail, code: NOT_CHECKED }];
  }
  return verdict.places.map((place) => ({ ...place, pointer: `/data${place.pointer}` }));
}

/** It compiled when it was written; should a newer rule refuse it, events must not suffer. */
function compiledOrNull(schema: JsonSchema | null): CompiledSchema | null {
  try {
    return schema && compileSchema(schema);
  } catch {
    return null;
  }
}

function deprecationOf({ name, deprecatedMessage, replacedBy }: EventTypeEntry): string {
  const instead = replacedBy === null ? '' : `; use "${replacedBy}"`;
  const message = deprecatedMessage === null ? '' : `: ${deprecatedMessage}`;
  return `"${name}" is deprecated${instead}${message}`;
}

function requireRoom(types: ReadonlyMap<string, Known>): void {
  if (types.size > MAX_EVENT_TYPES) {
    throw new CatalogueFullError(`The catalogue holds at most ${MAX_EVENT_TYPES} event types.`);
  }
  let bytes = 0;
  for (const known of types.values()) bytes += Buffer.byteLength(known.settings);
  if (bytes > MAX_CATALOGUE_BYTES) {
    throw new CatalogueFullError(`The catalogue takes at most ${MAX_CATALOGUE_BYTES} bytes.`);
  }
}

function recordOf({ name, createdAt, updatedAt, ...settings }: EventTypeEntry): EventTypeRecord {
  return { name, settings: JSON.stringify(settings), createdAt, updatedAt };
}

function knownOf(record: EventTypeRecord): Known {
  const { name, createdAt, updatedAt, settings } = record;
  const rest = parse<Omit<EventTypeEntry, 'name' | 'createdAt' | 'updatedAt'>>(settings);
  const entry = { ...rest, name, createdAt, updatedAt } as EventTypeEntry;
  return { entry, settings, compiled: undefined };
}

function parse<Value>(text: string | null): Partial<Value> {
  return text === null ? {} : (JSON.parse(text) as Partial<Value>);
}
