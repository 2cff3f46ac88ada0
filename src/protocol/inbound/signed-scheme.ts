/** Schemes that sign a content: an HMAC, a hash, a signature under a public key. */
import { accept, refuse } from './code/verdict.ts';
import type { Refusal } from './code/verdict.ts';
import { compileContent, fill } from './content.ts';
import type { Content } from './content.ts';
import { pointerPath } from './json-path.ts';
import { concat, hashMatcher, hmacMatcher, signatureMatcher } from './matchers.ts';
import type { Matcher } from './matchers.ts';
import type { InboundRequest } from './request.ts';
import type { SignedScheme, TimestampRule } from './scheme.ts';
import { headerName, secretsOf } from './secret-settings.ts';
import { compileSignatureSource } from './signature-header.ts';
import type { ReadSignatures } from './signature-header.ts';
import { SigningContext } from './signing-context.ts';
import { timeRefusal } from './timestamps.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from './verifier.ts';

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

const WRONG = refuse(
  'wrong_signature',
  'The signature fits none of the secrets of this source: another secret, or a changed request.',
);
const INCOMPLETE = refuse(
  'malformed_body',
  'The request lacks something that its provider signs: a header, or a field of the body.',
);

interface Way {
  readonly content: Content;
  readonly matches: Matcher;
}

/** What is left to do for a request. */
interface Compiled {
  readonly ways: readonly Way[];
  readonly read: ReadSignatures;
  readonly idHeaders: readonly string[];
  readonly idMissing: Refusal;
  readonly idAmbiguous: Refusal;
  readonly time: CompiledTime | null;
  readonly acceptances: readonly InboundVerdict[];
}

interface CompiledTime {
  readonly rule: TimestampRule;
  readonly tolerance: number;
  /** Where the time stands in the body; null where it stands elsewhere. */
  readonly path: readonly string[] | null;
  /** The first that is there counts; empty where it stands elsewhere. */
  readonly headers: readonly string[];
}

/** @throws TypeError for secrets, settings or templates that can't be used. */
export function compileSigned(scheme: SignedScheme, options: VerifierOptions): InboundVerifier {
  const secrets = secretsOf(options);
  const idHeaders = (scheme.idHeaders ?? []).map((name) => headerName(name, options));
  const ways = secrets.map((secret) => ({
    content: compileContent(scheme.content, options, scheme.kind === 'hash' ? secret : undefined),
    matches: matcherOf(scheme, secret),
  }));
  const compiled: Compiled = {
    ways,
    read: compileSignatureSource(scheme.signature, options),
    idHeaders,
    idMissing: refuse('missing_signature', `The header ${idHeaders.join(' or ')} is missing.`),
    idAmbiguous: refuse(
      'malformed_signature',
      `The header ${idHeaders.join(' or ')} holds "${ways[0]?.content.idEnd ?? ''}", which would ` +
        'make the signed text ambiguous.',
    ),
    time: compileTime(scheme.timestamp, options),
    acceptances: secrets.map((_, index) => accept(index)),
  };
  return { verify: (request, now) => verify(compiled, request, now) };
}

function matcherOf(scheme: SignedScheme, secret: string): Matcher {
  if (scheme.kind === 'hmac') return hmacMatcher(scheme, secret);
  return scheme.kind === 'hash' ? hashMatcher(scheme) : signatureMatcher(scheme, secret);
}

function compileTime(rule: TimestampRule | null, options: VerifierOptions): CompiledTime | null {
  if (rule === null) return null;
  const { at } = rule;
  const inHeader = typeof at === 'object' && 'header' in at ? [at.header, at.otherwise] : [];
  return {
    rule,
    tolerance: options.toleranceSeconds ?? rule.toleranceSeconds,
    path: typeof at === 'object' && 'json' in at ? pointerPath(at.json) : null,
    headers: inHeader.flatMap((name) => (name === undefined ? [] : [headerName(name, options)])),
  };
}

function verify(compiled: Compiled, request: InboundRequest, now: number): InboundVerdict {
  const { time } = compiled;
  const context = new SigningContext(request);
  const given = compiled.read(context);
  if ('ok' in given) return given;
  if (time !== null && time.path === null) {
    const text = time.headers.length === 0 ? given.timestamp : firstOf(time.headers, request);
    const refusal = timeRefusal(text, time.rule.unit, time.tolerance, now);
    if (refusal !== undefined) return refusal;
    context.timestamp = text ?? '';
  }
  const idRefusal = readId(compiled, context);
  if (idRefusal !== undefined) return idRefusal;
  const verdict = match(compiled, context, given.values);
  // A body is looked into once its sender is known.
  if (!verdict.ok || time === null || time.path === null) return verdict;
  const text = context.jsonText(time.path);
  return timeRefusal(text, time.rule.unit, time.tolerance, now) ?? verdict;
}

function firstOf(names: readonly string[], { headers }: InboundRequest): string | undefined {
  for (const name of names) {
    const value = headers(name);
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

function readId(compiled: Compiled, context: SigningContext): Refusal | undefined {
  const content = compiled.ways[0]?.content;
  if (content?.hasId !== true) return undefined;
  const id = firstOf(compiled.idHeaders, context.request);
  if (id === undefined) return compiled.idMissing;
  if (content.idEnd !== '' && id.includes(content.idEnd)) return compiled.idAmbiguous;
  context.id = id;
  return undefined;
}

/** Every secret is tried, found or not, so that time tells nothing about which one fits. */
function match(
  { ways, acceptances }: Compiled,
  context: SigningContext,
  given: readonly string[],
): InboundVerdict {
  let found: InboundVerdict = WRONG;
  for (let index = 0; index < ways.length; index += 1) {
    const way = ways[index];
    if (way === undefined) continue;
    const { content, matches } = way;
    const head = fill(content.before, context);
    const body = bodyOf(content, context);
    if (head === undefined || body === undefined) return INCOMPLETE;
    if (matches(head, body, given) && !found.ok) found = acceptances[index] ?? found;
  }
  return found;
}

/** The body with what is signed behind it. */
function bodyOf(content: Content, context: SigningContext): Uint8Array | undefined {
  const body = content.hasBody ? context.request.body : EMPTY;
  if (content.after.length === 0) return body;
  const tail = fill(content.after, context);
  return tail === undefined ? undefined : concat(body, encoder.encode(tail));
}
