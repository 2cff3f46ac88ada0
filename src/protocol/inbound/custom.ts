/**
 * Schemes that users write for senders we don't know: the scheme language as JSON, in snake_case.
 * What would let strangers in is refused with the reason, and so is what we don't understand.
 */
import { MAX_CONTENT_CHARS, compileContent, coversBody } from './content.ts';
import { customSignature, customTimestamp } from './custom-parts.ts';
import { ObjectReader } from './custom-reader.ts';
import type {
  HashName,
  PublicKeyForm,
  SchemeDescription,
  SecretForm,
  SignatureAlgorithm,
  SignatureLayout,
  SignedScheme,
  TimestampRule,
  TokenScheme,
} from './scheme.ts';
import type { VerifierOptions } from './verifier.ts';

const KINDS = ['hmac', 'hash', 'signature', 'token', 'any'] as const;
const HASHES: readonly HashName[] = ['sha256', 'sha512', 'sha384', 'sha1'];
/** SHA-1 finds collisions; an HMAC does not depend on that, a plain hash does. */
const PLAIN_HASHES: readonly HashName[] = ['sha256', 'sha512', 'sha384'];
const SECRET_FORMS: readonly SecretForm[] = ['text', 'standard', 'base64', 'base64url', 'hex'];
const KEY_FORMS: readonly PublicKeyForm[] = ['pem', 'spki-base64', 'raw-hex', 'raw-base64', 'whpk'];
const ALGORITHMS: readonly SignatureAlgorithm[] = [
  'ed25519',
  'ecdsa-p256-sha256',
  'ecdsa-p256-sha256-p1363',
  'rsa-sha256',
  'rsa-sha512',
  'rsa-pss-sha256',
];
export const MAX_ALTERNATIVES = 4;

/** Template errors don't depend on secrets or settings, which are not known yet. */
const NO_OPTIONS: VerifierOptions = {
  secrets: [],
  config: {},
  keys: { document: () => Promise.reject(new Error('No key is fetched here')) },
};

/**
 * @param json a parsed JSON value.
 * @throws TypeError `/place: what to write instead`.
 */
export function parseCustomScheme(json: unknown): SchemeDescription {
  return parseAt(new ObjectReader(json, ''), true);
}

function parseAt(reader: ObjectReader, mayChoose: boolean): SchemeDescription {
  const kind = reader.oneOf('kind', mayChoose ? KINDS : KINDS.slice(0, -1));
  const scheme = parseKind(kind, reader);
  reader.end();
  return scheme;
}

function parseKind(kind: (typeof KINDS)[number], reader: ObjectReader): SchemeDescription {
  if (kind === 'token') return { kind, at: tokenPlace(reader) };
  if (kind === 'any') return { kind, of: alternatives(reader) };
  return signed(kind, reader);
}

function alternatives(reader: ObjectReader): readonly SchemeDescription[] {
  const list = reader.value('of');
  if (!Array.isArray(list) || list.length < 1 || list.length > MAX_ALTERNATIVES) {
    throw reader.wrong('of', `write a list of 1 to ${MAX_ALTERNATIVES} schemes`);
  }
  return list.map((item: unknown, index) =>
    parseAt(new ObjectReader(item, reader.at(`of/${index}`)), false),
  );
}

function tokenPlace(reader: ObjectReader): TokenScheme['at'] {
  const place = reader.only(['header', 'query', 'json', 'basic']);
  if (place === 'query') return { query: reader.text('query') };
  if (place === 'json') return { json: reader.pointer('json') };
  if (place === 'header')
    return { header: reader.header('header'), prefix: reader.text('prefix', '') };
  if (reader.flag('basic')) return { basic: true };
  throw reader.wrong('basic', 'write true, or another place for the token');
}

function signed(kind: SignedScheme['kind'], reader: ObjectReader): SignedScheme {
  const common = {
    content: reader.text('content'),
    signature: customSignature(reader.object('signature')),
    timestamp: reader.has('timestamp') ? customTimestamp(reader.object('timestamp')) : null,
    ...(reader.has('id_header') ? { idHeaders: [reader.header('id_header')] } : {}),
  };
  mustBeSound(kind, common, reader);
  if (kind === 'signature') {
    const algorithm = reader.oneOf('algorithm', ALGORITHMS);
    return { kind, algorithm, key: reader.oneOf('key_encoding', KEY_FORMS), ...common };
  }
  if (kind === 'hash') return { kind, hash: reader.oneOf('hash', PLAIN_HASHES), ...common };
  const hash = reader.oneOf('hash', HASHES, 'sha256');
  return { kind, hash, key: reader.oneOf('secret_encoding', SECRET_FORMS, 'text'), ...common };
}

type Common = Pick<SignedScheme, 'content' | 'signature' | 'timestamp' | 'idHeaders'>;

function mustBeSound(kind: SignedScheme['kind'], scheme: Common, reader: ObjectReader): void {
  const problem =
    contentProblem(kind, scheme.content) ??
    timeProblem(scheme.content, scheme.timestamp, scheme.signature.layout) ??
    idProblem(scheme) ??
    selfProblem(scheme);
  if (problem !== undefined) throw reader.wrong('content', problem);
  try {
    compileContent(scheme.content, NO_OPTIONS, kind === 'hash' ? 'secret' : undefined);
  } catch (error) {
    throw error instanceof TypeError ? reader.wrong('content', error.message) : error;
  }
}

function contentProblem(kind: SignedScheme['kind'], content: string): string | undefined {
  if (content.length > MAX_CONTENT_CHARS) return `write at most ${MAX_CONTENT_CHARS} characters`;
  if (!coversBody(content)) {
    return (
      'the body is not signed, so whoever sees one request could send any other with its ' +
      'signature; put {body} or {body_sha256_hex} into it'
    );
  }
  if (kind === 'hash' && !content.includes('{secret}')) {
    return 'a plain hash without {secret} can be made by anybody; put {secret} into it';
  }
  // What has no fixed length must end visibly, or bytes could move into what follows.
  const [, free] = /(\{(?:id|(?:json|header|query):[^{}]*)\})\{/.exec(content) ?? [];
  return free === undefined
    ? undefined
    : `${free} has no end before the next placeholder; put a character between them, as the ` +
        'sender does, or the same bytes could be divided in two ways';
}

function timeProblem(
  content: string,
  timestamp: TimestampRule | null,
  layout: SignatureLayout,
): string | undefined {
  const isSigned = content.includes('{timestamp}');
  if (timestamp === null) {
    return isSigned ? 'it has {timestamp}; say in "timestamp" where that stands' : undefined;
  }
  if (typeof timestamp.at === 'object' && 'json' in timestamp.at) {
    return isSigned
      ? 'a timestamp in the body is signed with the body; write {json:/…} instead of {timestamp}'
      : undefined;
  }
  if (timestamp.at === 'signature' && (layout.kind !== 'fields' || layout.timestamp === null)) {
    return 'the timestamp is said to stand in the signature; name its field in "fields"';
  }
  return isSigned
    ? undefined
    : 'the timestamp is not signed, so whoever replays a request could make it new; put ' +
        '{timestamp} where the sender signs it, or leave "timestamp" out';
}

function idProblem({ content, idHeaders = [] }: Common): string | undefined {
  const isSigned = content.includes('{id}');
  if (isSigned && idHeaders.length === 0) return 'it has {id}; name its header in "id_header"';
  if (!isSigned && idHeaders.length > 0) return '"id_header" is named and {id} is not in it';
  return undefined;
}

function selfProblem({ content, signature }: Common): string | undefined {
  const hasQuery = content.includes('{url}') || content.includes('{path}');
  return 'query' in signature.at && hasQuery
    ? 'it has the URL, and the URL holds the signature: nothing can be signed like that'
    : undefined;
}
