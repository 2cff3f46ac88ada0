/**
 * HMAC-SHA256 schemes as data: what is signed, how a signature is spelled, and how it stands in its
 * header. A sender's flavour is one entry (`stripe.ts`, `github.ts`), and the same entry verifies.
 *
 * The header is a list of items, or a single one when `separator` is null:
 *
 *   t=1700000000,v1=<hex>,v1=<hex>     timestampPrefix `t=`, prefix `v1=`, separator `,`
 *   sha256=<hex>                       prefix `sha256=`, no separator
 */
import { HmacSha256Key, sameText } from '../hmac.ts';
import { agentKey, standardKey } from '../secrets.ts';
import { DEFAULT_TOLERANCE_SECONDS, MAX_SIGNATURES_PER_HEADER } from './standard.ts';
import type { StandardFailure } from './standard.ts';

export interface TemplateDescription {
  /**
   * What is signed: text with `{body}` in it once, and `{id}` and `{timestamp}` (Unix seconds)
   * where they belong.
   */
  readonly content: string;
  readonly encoding: 'hex' | 'base64';
  /** `text`: the UTF-8 bytes of the whole secret. `standard`: the decoded bytes of a `whsec_`. */
  readonly key: 'text' | 'standard';
  /** Before each signature. */
  readonly prefix: string;
  /** Between items; null when the header holds one signature only. */
  readonly separator: string | null;
  /** Before the timestamp that leads the list; null when it stands elsewhere, or nowhere. */
  readonly timestampPrefix: string | null;
}

type Placeholder = 'id' | 'timestamp';
type Part = { readonly text: string } | { readonly value: Placeholder };

/** A description whose `content` was taken apart; made by `defineTemplate`. */
export interface SignatureTemplate extends TemplateDescription {
  readonly before: readonly Part[];
  readonly after: readonly Part[];
}

/** What the placeholders stand for. */
export interface SignedValues {
  readonly id?: string | undefined;
  /** Unix seconds as they are spelled in the header. */
  readonly timestamp?: string | undefined;
  readonly body: Uint8Array;
}

export interface TemplateMessage extends SignedValues {
  readonly header: string | undefined;
  readonly nowSeconds: number;
  /** Default `DEFAULT_TOLERANCE_SECONDS`, both ways. */
  readonly toleranceSeconds?: number | undefined;
}

export type TemplateVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: StandardFailure };

/** Items of a header; a sender has its signatures, a timestamp, perhaps an old version. */
const MAX_ITEMS = 2 * MAX_SIGNATURES_PER_HEADER;
const UNIX_SECONDS = /^\d{1,12}$/;
const PLACEHOLDER = /\{(\w+)\}/;

const encoder = new TextEncoder();

/** @throws TypeError for a content without exactly one body, or with a placeholder nobody knows. */
export function defineTemplate(description: TemplateDescription): SignatureTemplate {
  const [before, after, more] = description.content.split('{body}');
  if (before === undefined || after === undefined || more !== undefined) {
    throw new TypeError('The content of a signature template holds {body} exactly once');
  }
  return { ...description, before: partsOf(before), after: partsOf(after) };
}

/** Whether the template covers the time, so that old requests can be refused. */
export function coversTime({ before, after }: SignatureTemplate): boolean {
  return [...before, ...after].some((part) => 'value' in part && part.value === 'timestamp');
}

/** @throws TypeError for a secret that is empty or broken. */
export function templateKey({ key }: SignatureTemplate, secret: string): HmacSha256Key {
  return new HmacSha256Key(key === 'text' ? agentKey(secret) : standardKey(secret));
}

/**
 * The value of the header: one signature for each key, in their order. A template without a
 * separator takes the first key alone.
 */
export function signTemplate(
  template: SignatureTemplate,
  keys: readonly HmacSha256Key[],
  values: SignedValues,
): string {
  const { separator, timestampPrefix, prefix } = template;
  const signing = separator === null ? keys.slice(0, 1) : keys;
  const signatures = signing.map((key) => prefix + signatureOf(template, key, values));
  const lead = timestampPrefix === null ? [] : [timestampPrefix + (values.timestamp ?? '')];
  return [...lead, ...signatures].join(separator ?? '');
}

/** It passes when any signature fits any key; items of other prefixes are skipped. */
export function verifyTemplateWith(
  template: SignatureTemplate,
  keys: readonly HmacSha256Key[],
  message: TemplateMessage,
): TemplateVerdict {
  if (!message.header) return { ok: false, reason: 'missing' };
  const read = readHeader(template, message.header);
  if (read === undefined) return { ok: false, reason: 'malformed' };
  const timestamp = read.timestamp ?? message.timestamp;
  const timeProblem = coversTime(template) ? timeFailure(timestamp, message) : undefined;
  if (timeProblem !== undefined) return { ok: false, reason: timeProblem };
  let matches = false;
  // Every key is tried, found or not, so that time tells nothing about which one fits.
  for (const key of keys) {
    const expected = signatureOf(template, key, { ...message, timestamp });
    for (const given of read.signatures) matches = sameText(expected, given) || matches;
  }
  return matches ? { ok: true } : { ok: false, reason: 'mismatch' };
}

function partsOf(text: string): Part[] {
  return text
    .split(PLACEHOLDER)
    .map((piece, at): Part => {
      if (at % 2 === 0) return { text: piece };
      if (piece === 'id' || piece === 'timestamp') return { value: piece };
      throw new TypeError(`A signature template knows no {${piece}}`);
    })
    .filter((part) => !('text' in part) || part.text !== '');
}

function fill(parts: readonly Part[], values: SignedValues): string {
  let filled = '';
  for (const part of parts) filled += 'text' in part ? part.text : (values[part.value] ?? '');
  return filled;
}

function signatureOf(
  template: SignatureTemplate,
  key: HmacSha256Key,
  values: SignedValues,
): string {
  const { before, after, encoding } = template;
  const head = fill(before, values);
  const body = after.length === 0 ? values.body : joined(values.body, fill(after, values));
  return encoding === 'hex' ? key.hex(body, head) : key.base64(body, head);
}

function joined(body: Uint8Array, text: string): Uint8Array {
  const tail = encoder.encode(text);
  const bytes = new Uint8Array(body.length + tail.length);
  bytes.set(body);
  bytes.set(tail, body.length);
  return bytes;
}

interface ReadHeader {
  readonly timestamp: string | undefined;
  readonly signatures: readonly string[];
}

function readHeader(template: SignatureTemplate, text: string): ReadHeader | undefined {
  const { separator, timestampPrefix, prefix } = template;
  const items = separator === null ? [text] : text.split(separator);
  // HTTP stacks join a repeated header with a comma and a space; a sender never repeats it.
  if (items.length > MAX_ITEMS || items.some((item) => item.startsWith(' '))) return undefined;
  const signatures = startingWith(items, prefix);
  if (signatures.length === 0 || signatures.length > MAX_SIGNATURES_PER_HEADER) return undefined;
  if (timestampPrefix === null) return { timestamp: undefined, signatures };
  const [timestamp, second] = startingWith(items, timestampPrefix);
  return timestamp === undefined || second !== undefined ? undefined : { timestamp, signatures };
}

function startingWith(items: readonly string[], prefix: string): string[] {
  return items.filter((item) => item.startsWith(prefix)).map((item) => item.slice(prefix.length));
}

function timeFailure(
  timestamp: string | undefined,
  { nowSeconds, toleranceSeconds = DEFAULT_TOLERANCE_SECONDS }: TemplateMessage,
): StandardFailure | undefined {
  if (!timestamp) return 'missing';
  // Other spellings of the same number would be signed differently.
  if (!UNIX_SECONDS.test(timestamp)) return 'malformed';
  const age = nowSeconds - Number(timestamp);
  if (age > toleranceSeconds) return 'stale';
  return age < -toleranceSeconds ? 'future' : undefined;
}
