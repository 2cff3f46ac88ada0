/** Brings the event types of a document into the catalogue, each with a result of its own. */
import { isDeepStrictEqual } from 'node:util';
import { entryFaults } from '../../catalogue/entry-faults.ts';
import type { EventCatalogue } from '../../catalogue/catalogue.ts';
import { isObject } from '../../catalogue/schema-keywords.ts';
import type { Enforcement, EventTypeEntry } from '../../domain/event-type-entry.ts';
import { invalid, Problem, type ProblemPart } from '../problems.ts';
import { validationProblem } from '../validation.ts';
import { asyncApiCandidates } from './asyncapi-import.ts';
import type { Candidate } from './candidate.ts';
import {
  changedEntry,
  changeEventTypeInput,
  entryNameProblem,
  newEntry,
} from './event-type-schema.ts';
import { storeEntries } from './event-type-routes.ts';
import { openApiCandidates } from './openapi-import.ts';
import { membersOf, type Located } from './schema-references.ts';

export const IMPORT_FORMATS = ['openapi', 'asyncapi', 'json_schema'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export interface ImportOrder {
  readonly document: Readonly<Record<string, unknown>>;
  /** Told from the document when left out. */
  readonly format: ImportFormat | undefined;
  /** For new types, where the document says nothing. */
  readonly enforcement: Enforcement;
  readonly isDryRun: boolean;
  readonly now: number;
}

export interface ImportedType {
  readonly name: string;
  /** JSON Pointer into the document. */
  readonly source: string;
  readonly result: 'created' | 'updated' | 'unchanged' | 'refused';
  /** Why it was refused; pointers lead into the entry that it would have become. */
  readonly errors?: readonly ProblemPart[];
}

interface Judged {
  readonly item: ImportedType;
  /** To be stored; null when nothing is. */
  readonly entry: EventTypeEntry | null;
}

/**
 * What is refused does not keep the others out.
 * @throws Problem `validation_failed` for a document of no known kind, or `catalogue_full`: then
 * nothing was stored.
 */
export function importDocument(
  catalogue: EventCatalogue,
  order: ImportOrder,
): Promise<ImportedType[]> {
  const candidates = candidatesOf(order);
  return catalogue.change(async () => {
    const names = new Set<string>();
    const judged: Judged[] = [];
    for (const candidate of candidates) {
      judged.push(judge(candidate, catalogue, order, names.has(candidate.name)));
      names.add(candidate.name);
      // A schema takes some milliseconds to compile; requests of others go in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const entries = judged.flatMap(({ entry }) => entry ?? []);
    if (!order.isDryRun && entries.length > 0) await storeEntries(catalogue, entries);
    return judged.map(({ item }) => item);
  });
}

function candidatesOf({ document, format = formatOf(document) }: ImportOrder): Candidate[] {
  const whole: Located = { value: document, at: '' };
  if (format === 'openapi') return openApiCandidates(whole);
  if (format === 'asyncapi') return asyncApiCandidates(whole);
  return membersOf(whole).map(({ key, value, at }) => ({
    name: key,
    source: at,
    fields: isObject(value)
      ? { schema: value, description: value['description'] ?? null }
      : { problem: 'a schema is a JSON object' },
  }));
}

function formatOf(document: Readonly<Record<string, unknown>>): ImportFormat {
  const { openapi, asyncapi, swagger } = document;
  if (openapi !== undefined || swagger !== undefined) {
    if (typeof openapi === 'string' && openapi.startsWith('3.1.')) return 'openapi';
    throw unknownVersion('/document/openapi', 'OpenAPI 3.1', 'webhooks came with that version');
  }
  if (asyncapi === undefined) return 'json_schema';
  if (typeof asyncapi === 'string' && asyncapi.startsWith('3.')) return 'asyncapi';
  throw unknownVersion('/document/asyncapi', 'AsyncAPI 3', 'convert the document first');
}

function unknownVersion(pointer: string, known: string, why: string): Problem {
  return invalid({ pointer, detail: `must be ${known}: ${why}`, code: 'unknown_version' });
}

function judge(
  candidate: Candidate,
  catalogue: EventCatalogue,
  order: ImportOrder,
  isRepeated: boolean,
): Judged {
  const { name, source, fields } = candidate;
  const refused = (errors: readonly ProblemPart[]): Judged => ({
    item: { name, source, result: 'refused', errors },
    entry: null,
  });
  const nameProblem = isRepeated ? 'is in the document twice' : entryNameProblem(name);
  if (nameProblem !== undefined) {
    return refused([{ pointer: '/name', detail: nameProblem, code: 'invalid_event_type' }]);
  }
  if (typeof fields['problem'] === 'string') {
    return refused([{ pointer: '', detail: fields['problem'], code: 'unreadable' }]);
  }
  const parsed = changeEventTypeInput.safeParse(fields);
  if (!parsed.success) return refused(validationProblem(parsed.error, 'body').errors);
  const existing = catalogue.find(name);
  const base = existing ?? { ...newEntry(name, order.now), enforcement: order.enforcement };
  const entry = changedEntry(base, parsed.data, order.now);
  const faults = entryFaults(entry);
  if (faults.length > 0) return refused(faults);
  if (existing === undefined) return { item: { name, source, result: 'created' }, entry };
  const same = isDeepStrictEqual({ ...entry, updatedAt: existing.updatedAt }, existing);
  return {
    item: { name, source, result: same ? 'unchanged' : 'updated' },
    entry: same ? null : entry,
  };
}
