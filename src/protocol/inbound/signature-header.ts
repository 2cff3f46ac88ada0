/** Reads the signatures, and a timestamp if it leads them, from where a scheme says they stand. */
import { refuse } from './code/verdict.ts';
import type { Refusal } from './code/verdict.ts';
import { pointerPath } from './json-path.ts';
import type { SignatureEncoding, SignatureLayout, SignatureSource } from './scheme.ts';
import { headerName, withConfig } from './secret-settings.ts';
import type { SigningContext } from './signing-context.ts';
import type { VerifierOptions } from './verifier.ts';

/** A sender has as many as it has secrets at a time; more are an attempt to make us work. */
export const MAX_SIGNATURES = 8;
/** Items in a list: signatures, a timestamp, old versions. */
const MAX_ITEMS = 2 * MAX_SIGNATURES;
/** Of one header. An RSA signature of 4096 bits is 684 characters of base64. */
const MAX_HEADER_CHARS = 8_192;

const SPELLING: Readonly<Record<SignatureEncoding, RegExp>> = {
  hex: /^[0-9a-f]+$/,
  base64: /^[A-Za-z0-9+/]+={0,2}$/,
  base64url: /^[A-Za-z0-9_-]+$/,
};

export interface Signatures {
  readonly values: readonly string[];
  /** Undefined where the layout has none. */
  readonly timestamp: string | undefined;
}

export type ReadSignatures = (context: SigningContext) => Signatures | Refusal;

/** @throws TypeError for a name that can't be one, or a setting that is missing. */
export function compileSignatureSource(
  { at, layout, encoding }: SignatureSource,
  options: VerifierOptions,
): ReadSignatures {
  const parse = layoutParser(layout, encoding, options);
  if ('headers' in at) {
    return headersReader(
      at.headers.map((name) => headerName(name, options)),
      parse,
    );
  }
  const read = 'json' in at ? jsonReader(at.json) : queryReader(withConfig(at.query, options));
  const where = 'json' in at ? `body, at ${at.json},` : 'query';
  const missing = refuse(
    'missing_signature',
    `There is no signature in the ${where} of the request.`,
  );
  return (context) => {
    const text = read(context);
    return text === undefined || text === '' ? missing : parse(text);
  };
}

function jsonReader(pointer: string): (context: SigningContext) => string | undefined {
  const path = pointerPath(pointer);
  return (context) => context.jsonText(path);
}

function queryReader(name: string): (context: SigningContext) => string | undefined {
  return (context) => context.query(name);
}

function headersReader(
  names: readonly string[],
  parse: (text: string) => Signatures | Refusal,
): ReadSignatures {
  const missing = refuse('missing_signature', `The header ${names.join(' or ')} is missing.`);
  const [only = '', second] = names;
  if (second === undefined) {
    return ({ request }) => {
      const text = request.headers(only);
      return text === undefined || text === '' ? missing : parse(text);
    };
  }
  return ({ request }) => {
    let all: Signatures | undefined;
    for (const name of names) {
      const text = request.headers(name);
      if (text === undefined || text === '') continue;
      const read = parse(text);
      if ('ok' in read) return read;
      all = all === undefined ? read : together(all, read);
    }
    return all ?? missing;
  };
}

function together(left: Signatures, right: Signatures): Signatures {
  return {
    values: [...left.values, ...right.values].slice(0, MAX_SIGNATURES),
    timestamp: left.timestamp ?? right.timestamp,
  };
}

function layoutParser(
  layout: SignatureLayout,
  encoding: SignatureEncoding,
  options: VerifierOptions,
): (text: string) => Signatures | Refusal {
  const spelling = SPELLING[encoding];
  if (layout.kind === 'single') return singleParser(withConfig(layout.prefix, options), spelling);
  if (layout.kind === 'list') {
    const prefix = withConfig(layout.prefix, options);
    return (text) => listed(itemsOf(text, layout.separator, false), prefix, spelling);
  }
  return fieldsParser(layout, spelling);
}

const NO_SPELLING = refuse(
  'malformed_signature',
  'The signature is not spelled the way this provider spells it.',
);
const NO_LIST = refuse(
  'malformed_signature',
  `The header is no list of up to ${MAX_SIGNATURES} signatures, or it came more than once.`,
);

function singleParser(prefix: string, spelling: RegExp): (text: string) => Signatures | Refusal {
  const noPrefix = refuse('malformed_signature', `The signature does not begin with "${prefix}".`);
  return (text) => {
    if (text.length > MAX_HEADER_CHARS) return NO_SPELLING;
    if (!text.startsWith(prefix)) return noPrefix;
    const value = text.slice(prefix.length);
    return spelling.test(value) ? { values: [value], timestamp: undefined } : NO_SPELLING;
  };
}

function itemsOf(text: string, separator: string, spaced: boolean): readonly string[] | undefined {
  // HTTP stacks join a repeated header with a comma and a space; a sender never repeats it.
  if (text.length > MAX_HEADER_CHARS || (!spaced && text.includes(', '))) return undefined;
  const items = text.split(separator);
  if (items.length > MAX_ITEMS) return undefined;
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at] ?? '';
    if (item === '') return undefined;
    if (!item.startsWith(' ')) continue;
    if (!spaced || item.startsWith('  ')) return undefined;
    items[at] = item.slice(1);
  }
  return items;
}

function listed(
  items: readonly string[] | undefined,
  prefix: string,
  spelling: RegExp,
): Signatures | Refusal {
  if (items === undefined) return NO_LIST;
  const values: string[] = [];
  for (const item of items) {
    if (!item.startsWith(prefix)) continue;
    const value = item.slice(prefix.length);
    if (!spelling.test(value)) return NO_SPELLING;
    values.push(value);
  }
  if (values.length > MAX_SIGNATURES) return NO_LIST;
  return values.length === 0 ? NO_SPELLING : { values, timestamp: undefined };
}

function fieldsParser(
  layout: Extract<SignatureLayout, { kind: 'fields' }>,
  spelling: RegExp,
): (text: string) => Signatures | Refusal {
  const { separator, assign, spaced = false } = layout;
  const prefix = layout.signature + assign;
  const timePrefix = layout.timestamp === null ? null : layout.timestamp + assign;
  const noTime = refuse('missing_timestamp', `The signature has no field "${timePrefix ?? ''}".`);
  const twice = refuse('malformed_timestamp', 'The signature has more than one timestamp.');
  return (text) => {
    const items = itemsOf(text, separator, spaced);
    const read = listed(items, prefix, spelling);
    if ('ok' in read || timePrefix === null) return read;
    let timestamp: string | undefined;
    for (const item of items ?? []) {
      if (!item.includes(assign)) return NO_LIST;
      if (!item.startsWith(timePrefix)) continue;
      if (timestamp !== undefined) return twice;
      timestamp = item.slice(timePrefix.length);
    }
    return timestamp === undefined ? noTime : { values: read.values, timestamp };
  };
}
