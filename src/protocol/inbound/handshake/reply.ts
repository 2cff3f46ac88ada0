/** What a handshake is answered with, and which foreign text may be part of an answer. */

export interface HandshakeReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** A URL to GET through the guarded client once the request is verified; never anywhere else. */
  readonly confirm?: string;
  /** The secret that the provider hands over; to be sealed and kept as the source's own. */
  readonly newSecret?: string;
  /** Whether the source's scheme must pass before any of this happens. */
  readonly requiresSignature: boolean;
  /** Why it was not granted, a sentence for the owner; null when it was. */
  readonly refused: string | null;
}

export const MAX_ECHO_CHARS = 256;
/** Nothing that a browser could take for markup or a script. */
const ECHO = /^[A-Za-z0-9 ._~+/=:,;@!*()-]+$/;

/** Whether a stranger's text may stand in our answer. */
export function isEchoable(text: string | null | undefined): text is string {
  return typeof text === 'string' && text.length <= MAX_ECHO_CHARS && ECHO.test(text);
}

const BARE = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const;

type Extra = Partial<Pick<HandshakeReply, 'confirm' | 'newSecret' | 'requiresSignature'>>;

/** @param text of `isEchoable`. */
export function textReply(text: string): HandshakeReply {
  const headers = { ...BARE, 'content-type': 'text/plain; charset=utf-8' };
  return { status: 200, headers, body: text, requiresSignature: false, refused: null };
}

/** @param texts of `isEchoable`, or made here. */
export function jsonReply(
  texts: Readonly<Record<string, string | number>>,
  requiresSignature = false,
): HandshakeReply {
  const headers = { ...BARE, 'content-type': 'application/json' };
  const body = JSON.stringify(texts);
  return { status: 200, headers, body, requiresSignature, refused: null };
}

export function emptyReply(
  status: number,
  extra: Extra & { readonly headers?: Readonly<Record<string, string>> } = {},
): HandshakeReply {
  const { headers, ...rest } = extra;
  return {
    requiresSignature: false,
    refused: null,
    ...rest,
    status,
    headers: { ...BARE, ...headers },
    body: '',
  };
}

/** @param why for the owner; the sender learns the status alone. */
export function refusedReply(status: number, why: string): HandshakeReply {
  return { ...emptyReply(status), refused: why };
}
