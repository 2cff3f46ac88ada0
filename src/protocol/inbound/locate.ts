/**
 * Where in a request a value stands: the event's type, the provider's id for it. Written as text
 * (`parseLocator`), so that users can write their own.
 *
 *   header:x-github-event + json:action?      parts, joined with ':'; one with `?` may be absent
 *   json:type | header:ce-type                the first alternative that is there
 *   json:events[].id                          of every item, joined with ','
 *   json:events[=].action                     of the items, if all of them agree
 *   key:-update_id, key:*_events              name of the one member besides, or so named
 *   form:MessageStatus, query:topic, jwt:jti  fields of a form, of the URL, of a JWT in the body
 */
import type { InboundRequest } from './request.ts';
import { isObject, parseJson, utf8 } from './code/json.ts';
import type { JsonObject } from './code/json.ts';
import { decodeBase64Url } from './code/encodings.ts';

/** A member's name, or all items of a list: each for itself, or the one value they share. */
export type PathStep = string | { readonly items: 'each' | 'same' };

export type LocatorPart = { readonly optional: boolean } & (
  | { readonly from: 'header' | 'form' | 'query' | 'jwt'; readonly name: string }
  | { readonly from: 'json'; readonly path: readonly PathStep[] }
  | { readonly from: 'key'; readonly except: readonly string[]; readonly ending: string }
);

export interface ValueLocator {
  /** As it was written. */
  readonly text: string;
  readonly alternatives: readonly (readonly LocatorPart[])[];
}

/** Longer values are no names or ids: who asked goes on as if there were none. */
export const MAX_LOCATED_CHARS = 512;
/** Of the text of a locator. */
export const MAX_LOCATOR_CHARS = 512;
/** Items of a list that are looked at. */
const MAX_ITEMS = 1_000;

const SOURCES = ['header', 'json', 'key', 'form', 'query', 'jwt'] as const;
type Source = (typeof SOURCES)[number];
const PART = /^([a-z]+):(.*?)(\?)?$/;
const STEP = /^([^[\]]*)((?:\[[=]?\])*)$/;

/**
 * @throws TypeError with a sentence that says what is wrong with the text.
 */
export function parseLocator(text: string): ValueLocator {
  if (text.length > MAX_LOCATOR_CHARS) {
    throw new TypeError(`A locator has at most ${MAX_LOCATOR_CHARS} characters`);
  }
  const alternatives = text
    .split(' | ')
    .map((alternative) => alternative.split(' + ').map((part) => parsePart(part.trim())));
  for (const parts of alternatives) {
    if (parts.every((part) => part.optional)) {
      throw new TypeError(`At least one part of "${text}" must not be optional`);
    }
  }
  return { text, alternatives };
}

function isSource(text: string | undefined): text is Source {
  return SOURCES.some((known) => known === text);
}

function parsePart(text: string): LocatorPart {
  const [, from, name = '', mark] = PART.exec(text) ?? [];
  if (!isSource(from)) {
    throw new TypeError(
      `"${text}" is no place in a request; write header:name, json:path, form:name, query:name, ` +
        'jwt:claim or key:-name',
    );
  }
  const optional = mark !== undefined;
  if (from === 'key') return { from, ...keyNames(name, text), optional };
  if (from === 'json') return { from, path: pathOf(name, text), optional };
  if (name === '') throw new TypeError(`"${text}" needs a name behind the colon`);
  return { from, name: from === 'header' ? name.toLowerCase() : name, optional };
}

function keyNames(names: string, text: string): { except: readonly string[]; ending: string } {
  if (names.startsWith('*')) return { except: [], ending: names.slice(1) };
  const list = names.split(',').filter((name) => name !== '');
  if (list.every((name) => name.startsWith('-') && name.length > 1)) {
    return { except: list.map((name) => name.slice(1)), ending: '' };
  }
  throw new TypeError(`"${text}" lists the members to leave out as -name,-other, or is *ending`);
}

function pathOf(path: string, text: string): readonly PathStep[] {
  return path.split('.').flatMap((segment): PathStep[] => {
    const [, name, marks = ''] = STEP.exec(segment) ?? [];
    if (name === undefined || (name === '' && marks === '')) {
      throw new TypeError(`"${text}" needs names with dots between them, [] or [=] behind lists`);
    }
    const lists = [...marks.matchAll(/\[(=?)\]/g)].map(([, same]): PathStep => ({
      items: same === '=' ? 'same' : 'each',
    }));
    return name === '' ? lists : [name, ...lists];
  });
}

/**
 * The value, or undefined where the request has none, or one that is too long to be one.
 *
 * @param json the parsed body; undefined when it is none.
 */
export function locate(
  locator: ValueLocator,
  request: InboundRequest,
  json: unknown,
): string | undefined {
  for (const parts of locator.alternatives) {
    const value = joined(parts, request, json);
    if (value !== undefined) return value;
  }
  return undefined;
}

function joined(
  parts: readonly LocatorPart[],
  request: InboundRequest,
  json: unknown,
): string | undefined {
  const found: string[] = [];
  for (const part of parts) {
    const value = valueOf(part, request, json);
    if (value !== undefined && value !== '') found.push(value);
    else if (!part.optional) return undefined;
  }
  const text = found.join(':');
  return text.length > MAX_LOCATED_CHARS ? undefined : text;
}

function valueOf(part: LocatorPart, request: InboundRequest, json: unknown): string | undefined {
  if (part.from === 'json') return jsonValue(json, part.path);
  if (part.from === 'header') return request.headers(part.name);
  if (part.from === 'key') return onlyKey(json, part);
  if (part.from === 'jwt') return claim(request, part.name);
  return (part.from === 'query' ? queryOf(request) : formOf(request))?.get(part.name) ?? undefined;
}

function jsonValue(value: unknown, path: readonly PathStep[]): string | undefined {
  let found = value;
  for (const [at, step] of path.entries()) {
    if (typeof step !== 'string') return itemsValue(found, path.slice(at + 1), step.items);
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) {
      return undefined;
    }
    found = Reflect.get(found, step);
  }
  return scalarText(found);
}

function itemsValue(
  list: unknown,
  rest: readonly PathStep[],
  items: 'each' | 'same',
): string | undefined {
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_ITEMS) return undefined;
  const values: string[] = [];
  for (const item of list) {
    const value = jsonValue(item, rest);
    // One item without it, and the others would not stand for the whole list.
    if (value === undefined) return undefined;
    values.push(value);
  }
  if (items === 'each') return values.join(',');
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function onlyKey(
  json: unknown,
  { except, ending }: { readonly except: readonly string[]; readonly ending: string },
): string | undefined {
  if (!isObject(json)) return undefined;
  const named = Object.keys(json).filter((key) => !except.includes(key) && key.endsWith(ending));
  return named.length === 1 ? named[0] : undefined;
}

function claim(request: InboundRequest, name: string): string | undefined {
  const payload = utf8(request.body)?.split('.')[1];
  const bytes = payload === undefined ? undefined : decodeBase64Url(payload);
  const claims: unknown = bytes === undefined ? undefined : parseJson(utf8(bytes) ?? '');
  if (!isObject(claims) || !Object.hasOwn(claims, name)) return undefined;
  const value = claims[name];
  return isObject(value) ? firstKey(value) : scalarText(value);
}

function firstKey(object: JsonObject): string | undefined {
  return Object.keys(object)[0];
}

function queryOf(request: InboundRequest): URLSearchParams | undefined {
  return URL.canParse(request.url) ? new URL(request.url).searchParams : undefined;
}

const FORM = 'application/x-www-form-urlencoded';

function formOf(request: InboundRequest): URLSearchParams | undefined {
  if (request.headers('content-type')?.startsWith(FORM) !== true) return undefined;
  const text = utf8(request.body);
  return text === undefined ? undefined : new URLSearchParams(text);
}
