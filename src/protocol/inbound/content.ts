/** The template of what is signed, taken apart once. */
import { headerName, withConfig } from './secret-settings.ts';
import { pointerPath } from './json-path.ts';
import type { SigningContext } from './signing-context.ts';
import type { VerifierOptions } from './verifier.ts';

/** One piece of the text; `undefined` where the request lacks it. */
type Piece = string | ((context: SigningContext) => string | undefined);

export interface Content {
  /** In front of the body. */
  readonly before: readonly Piece[];
  readonly hasBody: boolean;
  /** Behind the body. */
  readonly after: readonly Piece[];
  /** What may not stand in the id: the text that divides it from what follows. */
  readonly idEnd: string;
  readonly hasId: boolean;
}

/** Longer templates are nobody's. */
export const MAX_CONTENT_CHARS = 1_024;

const PLACEHOLDER = /\{([^{}]*)\}/g;
const BODY = '{body}';
const ID = '{id}';

/** Placeholders that cover what the event is, not only when or where it was sent. */
const COVERS_BODY = [BODY, '{body_sha256_hex}'];

/** Whether every byte of the body is signed. */
export function coversBody(content: string): boolean {
  return COVERS_BODY.some((placeholder) => content.includes(placeholder));
}

/**
 * @param secret stands for `{secret}`; undefined where the scheme must not have it.
 * @throws TypeError for a placeholder that is unknown, or more than one body.
 */
export function compileContent(
  content: string,
  options: VerifierOptions,
  secret: string | undefined,
): Content {
  if (content.length > MAX_CONTENT_CHARS) {
    throw new TypeError(`A content has at most ${MAX_CONTENT_CHARS} characters`);
  }
  const [before = '', after = '', more] = content.split(BODY);
  if (more !== undefined) throw new TypeError('A content holds {body} at most once');
  return {
    before: piecesOf(before, options, secret),
    hasBody: content.includes(BODY),
    after: piecesOf(after, options, secret),
    hasId: content.includes(ID),
    idEnd: idEndOf(content),
  };
}

/** The first character behind `{id}`, if it is one and not a placeholder. */
function idEndOf(content: string): string {
  const next = content.charAt(content.indexOf(ID) + ID.length);
  return content.includes(ID) && next !== '{' ? next : '';
}

function piecesOf(
  text: string,
  options: VerifierOptions,
  secret: string | undefined,
): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    if (match.index > at) pieces.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    pieces.push(ending(pieceOf(match[1] ?? '', options, secret), match[1] ?? '', text.charAt(at)));
  }
  if (at < text.length) pieces.push(text.slice(at));
  if (pieces.some((piece) => typeof piece === 'string' && /[{}]/.test(piece))) {
    throw new TypeError('A content has a brace { or } that opens or closes no placeholder');
  }
  return pieces;
}

/** A header or parameter that holds the character behind it could end in two places. */
function ending(piece: Piece, name: string, next: string): Piece {
  const isFree = name.startsWith('header:') || name.startsWith('query:');
  if (typeof piece === 'string' || !isFree || next === '' || next === '{') return piece;
  return (context) => {
    const value = piece(context);
    return value?.includes(next) === true ? undefined : value;
  };
}

const SIMPLE: Readonly<Record<string, (context: SigningContext) => string | undefined>> = {
  timestamp: (context) => context.timestamp,
  id: (context) => context.id,
  url: ({ request }) => request.url,
  path: ({ request }) => pathOf(request.url),
  method: ({ request }) => request.method,
  body_sha256_hex: (context) => context.bodySha256Hex(),
};

function pieceOf(name: string, options: VerifierOptions, secret: string | undefined): Piece {
  const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (simple !== undefined) return simple;
  if (name === 'secret') {
    if (secret !== undefined) return secret;
    throw new TypeError('{secret} belongs into the content of a hash scheme only');
  }
  if (name.startsWith('config.')) return withConfig(`{${name}}`, options);
  const [, kind, argument = ''] = /^(json|header|query):(.+)$/.exec(name) ?? [];
  if (kind === 'json') {
    const path = pointerPath(argument);
    return (context) => context.jsonText(path);
  }
  if (kind === 'header') {
    const header = headerName(argument, options);
    return ({ request }) => request.headers(header);
  }
  if (kind === 'query') return (context) => context.query(argument);
  throw new TypeError(
    `A content knows no {${name}}; it knows {body}, {body_sha256_hex}, {timestamp}, {id}, {url}, ` +
      '{path}, {method}, {json:/pointer}, {header:name}, {query:name}, {config.name}',
  );
}

/** Path and query of an absolute URL. */
function pathOf(url: string): string {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return slash === -1 ? '/' : url.slice(slash);
}

/** The text of the pieces; `undefined` when the request lacks one of them. */
export function fill(pieces: readonly Piece[], context: SigningContext): string | undefined {
  let text = '';
  for (const piece of pieces) {
    const value = typeof piece === 'string' ? piece : piece(context);
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}
