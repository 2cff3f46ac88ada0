/**
 * What a request's body says, and how it becomes the `data` of an event: JSON keeps its bytes,
 * everything else is wrapped. Nothing here trusts the body; it may be anybody's at this point.
 */
import { isUtf8 } from 'node:buffer';
import { MAX_INBOUND_JSON_DEPTH } from '../domain/limits-ingest.ts';
import { closingQuote } from '../protocol/json-span.ts';

export type ReadBody =
  | {
      readonly ok: true;
      /** The body as parsed; undefined where it is no JSON. */
      readonly json: unknown;
      /** JSON text for `data`. */
      readonly dataText: string;
      /** What `JSON.parse` makes of it. */
      readonly data: unknown;
    }
  | { readonly ok: false; readonly detail: string };

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json$/;
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** `Application/JSON; charset=utf-8` → `application/json`; empty without the header. */
export function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return '';
  const semicolon = contentType.indexOf(';');
  const text = semicolon === -1 ? contentType : contentType.slice(0, semicolon);
  return text.trim().toLowerCase();
}

/** @param emptyData JSON text that stands for a body without any bytes. */
export function readBody(body: Buffer, contentType: string, emptyData: () => string): ReadBody {
  if (body.length === 0) {
    const dataText = emptyData();
    return { ok: true, json: undefined, dataText, data: JSON.parse(dataText) };
  }
  if (contentType === 'application/json' || JSON_TYPE.test(contentType)) return readJson(body);
  if (contentType === FORM_TYPE) return readForm(body, contentType);
  // Some providers send JSON under the name of plain text, or without a name.
  if (looksLikeJson(body)) {
    const read = readJson(body);
    if (read.ok) return read;
  }
  return wrapped(body, contentType, undefined);
}

function readJson(body: Buffer): ReadBody {
  if (!isUtf8(body)) return { ok: false, detail: 'The body is JSON by name, but not UTF-8.' };
  const text = body.toString('utf8');
  if (isTooDeep(text)) {
    const detail = `The body nests deeper than ${MAX_INBOUND_JSON_DEPTH} levels.`;
    return { ok: false, detail };
  }
  try {
    const json: unknown = JSON.parse(text);
    return { ok: true, json, dataText: text, data: json };
  } catch {
    return { ok: false, detail: 'The body is JSON by name, but can not be read as JSON.' };
  }
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;
const QUOTE = 0x22;
const SPACE = 0x20;

function looksLikeJson(body: Buffer): boolean {
  const first = body.find((byte) => byte > SPACE);
  return first === OPEN_BRACE || first === OPEN_BRACKET;
}

/** Also for text that is no JSON: then the parser has the last word. */
function isTooDeep(text: string): boolean {
  // Shorter texts can't be, and they are nearly all.
  if (text.length <= MAX_INBOUND_JSON_DEPTH) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (end === undefined) return false;
      at = end;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_INBOUND_JSON_DEPTH) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
  }
  return false;
}

function endOfString(text: string, quote: number): number | undefined {
  try {
    return closingQuote(text, quote + 1);
  } catch {
    return undefined;
  }
}

function readForm(body: Buffer, contentType: string): ReadBody {
  if (!isUtf8(body)) return wrapped(body, contentType, undefined);
  // Without a prototype, because the names are the sender's.
  const form = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    const before = form[name];
    if (before === undefined) form[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else form[name] = [before, value];
  }
  return wrapped(body, contentType, form);
}

function wrapped(body: Buffer, contentType: string, form: object | undefined): ReadBody {
  const dataText = JSON.stringify({
    content_type: contentType === '' ? null : contentType,
    body_base64: body.toString('base64'),
    ...(form && { form }),
  });
  return { ok: true, json: undefined, dataText, data: JSON.parse(dataText) };
}
