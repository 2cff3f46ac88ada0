/**
 * What a request's body says, and how it becomes the `data` of an event: JSON as it is, everything
 * else wrapped. Nothing here trusts the body; it may be anybody's at this point.
 */
import { encodeBase64 } from '../base64.ts';
import { utf8 } from './code/json.ts';

/** Objects and lists inside each other: what follows walks through them, level by level. */
export const MAX_BODY_DEPTH = 500;

export type InboundBody =
  | {
      readonly ok: true;
      /** What the body says as JSON; undefined when it is none. */
      readonly json: unknown;
      /** The event's `data`. */
      readonly data: unknown;
    }
  | {
      readonly ok: false;
      /** A sentence for the owner of the endpoint. */
      readonly detail: string;
    };

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json$/;
const FORM_TYPE = 'application/x-www-form-urlencoded';
const SPACE = 0x20;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** `Application/JSON; charset=utf-8` → `application/json`; empty without the header. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * @param type of the body, without parameters.
 * @param emptyData stands for a body without any bytes.
 */
export function readInboundBody(
  body: Uint8Array,
  type: string,
  emptyData: () => unknown,
): InboundBody {
  if (body.length === 0) return { ok: true, json: undefined, data: emptyData() };
  if (JSON_TYPE.test(type)) return readJson(body);
  if (type === FORM_TYPE) return readForm(body, type);
  // Some providers send JSON under the name of plain text, or without a name.
  if (looksLikeJson(body)) {
    const read = readJson(body);
    if (read.ok) return read;
  }
  return { ok: true, json: undefined, data: wrapped(body, type) };
}

function readJson(body: Uint8Array): InboundBody {
  const text = utf8(body);
  if (text === undefined) return { ok: false, detail: 'The body is JSON by name, but not UTF-8.' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, detail: 'The body is JSON by name, but can not be read as JSON.' };
  }
  // Shorter texts can't be, and they are nearly all.
  if (text.length > MAX_BODY_DEPTH && isDeeper(value, MAX_BODY_DEPTH)) {
    return { ok: false, detail: `The body nests deeper than ${MAX_BODY_DEPTH} levels.` };
  }
  return { ok: true, json: value, data: value };
}

/** Level by level, so that no nesting exhausts the stack. */
function isDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === levels) return true;
    level = level.flatMap((container): unknown[] => Object.values(container)).filter(isContainer);
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function looksLikeJson(body: Uint8Array): boolean {
  const first = body.find((byte) => byte > SPACE);
  return first === OPEN_BRACE || first === OPEN_BRACKET;
}

function readForm(body: Uint8Array, type: string): InboundBody {
  const text = utf8(body);
  if (text === undefined) return { ok: true, json: undefined, data: wrapped(body, type) };
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const before = fields.get(name);
    if (before === undefined) fields.set(name, value);
    else if (typeof before === 'string') fields.set(name, [before, value]);
    else before.push(value);
  }
  const form = Object.fromEntries(fields);
  return { ok: true, json: undefined, data: { ...wrapped(body, type), form } };
}

function wrapped(
  body: Uint8Array,
  type: string,
): { content_type: string | null; body_base64: string } {
  return { content_type: type === '' ? null : type, body_base64: encodeBase64(body) };
}
