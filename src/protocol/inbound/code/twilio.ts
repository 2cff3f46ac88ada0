/**
 * Twilio: base64 HMAC-SHA1 of the URL, followed by the form's names and values in order of names.
 * Other bodies are vouched for by `bodySHA256` in the (signed) query.
 */
import * as crypto from 'node:crypto';
import { sameText } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { isMediaType, parseForm } from './forms.ts';
import { sha256Hex } from './hashes.ts';
import { utf8 } from './json.ts';
import { indexOfMatch, mustHaveSecrets } from './settings.ts';
import { accept, refuse } from './verdict.ts';

const HEADER = 'x-twilio-signature';
const FORM = 'application/x-www-form-urlencoded';
const HASH_PARAMETER = 'bodySHA256';
const SHA1_BASE64 = /^[A-Za-z0-9+/]{27}=$/;

/** @throws TypeError without a secret. */
export function compileTwilio(options: VerifierOptions): InboundVerifier {
  const secrets = mustHaveSecrets(options, "the account's auth token");
  const keys = secrets.map((secret) => crypto.createSecretKey(secret, 'utf8'));
  return { verify: (request) => verify(keys, request) };
}

function verify(keys: readonly crypto.KeyObject[], request: InboundRequest): InboundVerdict {
  const given = request.headers(HEADER);
  if (!given) return refuse('missing_signature', `There is no ${HEADER} header.`);
  if (!SHA1_BASE64.test(given)) {
    return refuse('malformed_signature', `${HEADER} is not the base64 of an HMAC-SHA1.`);
  }
  const signed = signedBehindUrl(request);
  if (typeof signed !== 'string') return signed;
  const contents = urlSpellings(request.url).map((url) => url + signed);
  const secret = indexOfMatch(keys, (key) => {
    let fits = false;
    for (const content of contents) fits = sameText(macOf(key, content), given) || fits;
    return fits;
  });
  return secret === null
    ? refuse('wrong_signature', 'No auth token of this source fits the URL and body.')
    : accept(secret);
}

function macOf(key: crypto.KeyObject, content: string): string {
  return crypto.createHmac('sha1', key).update(content, 'utf8').digest('base64');
}

/** What follows the URL in the signed text, or why there is nothing that could be signed. */
function signedBehindUrl(request: InboundRequest) {
  const hash = URL.canParse(request.url) ? new URL(request.url).searchParams : null;
  const hashes = hash?.getAll(HASH_PARAMETER) ?? [];
  if (hashes.length > 0) {
    const isRight = hashes.length === 1 && sameText(hashes[0] ?? '', sha256Hex(request.body));
    return isRight ? '' : refuse('wrong_signature', `${HASH_PARAMETER} is of another body.`);
  }
  if (request.body.length === 0) return '';
  if (!isMediaType(request.headers('content-type'), FORM)) {
    return refuse('malformed_body', `The body is no form, and the URL has no ${HASH_PARAMETER}.`);
  }
  const fields = parseForm(utf8(request.body) ?? ' ');
  if (fields === undefined) return refuse('malformed_body', 'The form is not properly encoded.');
  return sortedForm(fields);
}

/** A value that comes twice under one name is signed once; names in the order of UTF-16 units. */
function sortedForm(fields: readonly (readonly [string, string])[]): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of fields) {
    const known = values.get(name) ?? new Set<string>();
    known.add(value);
    values.set(name, known);
  }
  const names = [...values.keys()].toSorted(byUnits);
  return names
    .map((name) =>
      [...(values.get(name) ?? [])]
        .toSorted(byUnits)
        .map((value) => name + value)
        .join(''),
    )
    .join('');
}

function byUnits(one: string, two: string): number {
  if (one === two) return 0;
  return one < two ? -1 : 1;
}

const AUTHORITY = /^(https?):\/\/([^/?#]+)(.*)$/s;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { https: '443', http: '80' };

/** Twilio signs with or without the port of the scheme, by the product that calls. */
function urlSpellings(url: string): readonly string[] {
  const match = AUTHORITY.exec(url);
  if (match === null) return [url];
  const [, scheme = '', host = '', rest = ''] = match;
  const port = `:${DEFAULT_PORTS[scheme] ?? ''}`;
  if (host.endsWith(port)) return [url, `${scheme}://${host.slice(0, -port.length)}${rest}`];
  return /:\d+$/.test(host) ? [url] : [url, `${scheme}://${host}${port}${rest}`];
}
