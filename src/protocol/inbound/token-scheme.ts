/** Schemes that bring a secret along. */
import * as crypto from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { parseJson, utf8 } from './code/json.ts';
import { accept, refuse } from './code/verdict.ts';
import { pointerPath } from './json-path.ts';
import type { InboundRequest } from './request.ts';
import type { TokenScheme } from './scheme.ts';
import { headerName, secretsOf, withConfig } from './secret-settings.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from './verifier.ts';

/** Items of a list in the body that are looked at. */
const MAX_ITEMS = 1_000;

const BASIC = 'basic ';

/** What a request brings, or why it can't be read. */
type Brought = readonly string[] | InboundVerdict;
type Read = (request: InboundRequest) => Brought;

/** @throws TypeError for an empty secret, or a Basic one without a colon. */
export function compileToken(scheme: TokenScheme, options: VerifierOptions): InboundVerifier {
  const secrets = secretsOf(options);
  if ('basic' in scheme.at && secrets.some((secret) => !secret.includes(':'))) {
    throw new TypeError('For HTTP Basic the secret is user:password');
  }
  const expected = secrets.map(digest);
  const read = readerOf(scheme.at, options);
  return {
    verify: (request) => {
      const brought = read(request);
      return isVerdict(brought) ? brought : judge(expected, brought);
    },
  };
}

function isVerdict(brought: Brought): brought is InboundVerdict {
  return !Array.isArray(brought);
}

/** Digests are compared, so that time doesn't even tell the secret's length. */
function digest(text: string): Uint8Array {
  return crypto.createHash('sha256').update(text, 'utf8').digest();
}

function judge(expected: readonly Uint8Array[], brought: readonly string[]): InboundVerdict {
  const given = brought.map(digest);
  let fits: number | null = null;
  for (const [index, secret] of expected.entries()) {
    let all = true;
    for (const one of given) all = crypto.timingSafeEqual(secret, one) && all;
    if (all && fits === null) fits = index;
  }
  return fits === null
    ? refuse('wrong_signature', 'The token that came along is none of the secrets of this source.')
    : accept(fits);
}

function readerOf(at: TokenScheme['at'], options: VerifierOptions): Read {
  if ('header' in at) {
    return headerReader(headerName(at.header, options), withConfig(at.prefix, options));
  }
  if ('basic' in at) return readBasic;
  if ('query' in at) return queryReader(withConfig(at.query, options));
  return jsonReader(at.json);
}

function headerReader(name: string, prefix: string): Read {
  const lowered = prefix.toLowerCase();
  const missing = refuse('missing_signature', `The header ${name} is missing.`);
  const malformed = refuse('malformed_signature', `The header ${name} needs "${prefix}" in front.`);
  return (request) => {
    const value = request.headers(name);
    if (value === undefined || value === '') return missing;
    // The name of an authentication scheme is case-insensitive (RFC 9110 §11.1).
    if (!value.toLowerCase().startsWith(lowered)) return malformed;
    return value.length === prefix.length ? missing : [value.slice(prefix.length)];
  };
}

function readBasic(request: InboundRequest): Brought {
  const value = request.headers('authorization');
  if (value === undefined || value === '') {
    return refuse('missing_signature', 'The header authorization is missing.');
  }
  const bytes = value.toLowerCase().startsWith(BASIC)
    ? decodeBase64(value.slice(BASIC.length))
    : undefined;
  const text = bytes === undefined ? undefined : utf8(bytes);
  if (text === undefined || !text.includes(':')) {
    return refuse('malformed_signature', 'The header authorization is not HTTP Basic (RFC 7617).');
  }
  return [text];
}

function queryReader(name: string): Read {
  const missing = refuse('missing_signature', `The URL has no parameter ${name}.`);
  const twice = refuse('malformed_signature', `The URL has the parameter ${name} more than once.`);
  return (request) => {
    const at = request.url.indexOf('?');
    const values = new URLSearchParams(at === -1 ? '' : request.url.slice(at + 1)).getAll(name);
    const [value] = values;
    if (value === undefined || value === '') return missing;
    return values.length === 1 ? [value] : twice;
  };
}

function jsonReader(pointer: string): Read {
  const path = pointerPath(pointer);
  const missing = refuse('missing_signature', `The body has no token at ${pointer}.`);
  const malformed = refuse('malformed_body', 'The body is not JSON.');
  return (request) => {
    const json = parseJson(utf8(request.body) ?? '');
    if (json === undefined) return malformed;
    const found: string[] = [];
    return collect(json, path, found) && found.length > 0 ? found : missing;
  };
}

/** False as soon as one place holds no text. */
function collect(value: unknown, path: readonly string[], found: string[]): boolean {
  const [step, ...rest] = path;
  if (step === undefined) {
    if (typeof value !== 'string' || value === '') return false;
    found.push(value);
    return true;
  }
  if (step === '*') {
    if (!Array.isArray(value) || value.length > MAX_ITEMS) return false;
    return value.every((item) => collect(item, rest, found));
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return false;
  return collect(Reflect.get(value, step), rest, found);
}
