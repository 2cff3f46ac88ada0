/**
 * The question whether a URL wants our events. It is a POST that is signed like an event; the
 * receiver answers 2xx with the token, bare or as `{"challenge": token}`.
 */
import { sameText } from './hmac.ts';

export const CHALLENGE_TYPE = 'bellwire.challenge';

/** Longer ones are no challenge of ours, and a receiver need not echo a novel. */
const MAX_TOKEN_CHARS = 200;
/** An answer longer than this is not read: it is a page, not a token. */
const MAX_ANSWER_BYTES = 1_024;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export function challengeBody(token: string): Uint8Array {
  return encoder.encode(JSON.stringify({ type: CHALLENGE_TYPE, challenge: token }));
}

/** The token in a body that is a challenge, else `undefined`. */
export function readChallenge(body: Uint8Array): string | undefined {
  const value = parse(decoder.decode(body));
  if (memberOf(value, 'type') !== CHALLENGE_TYPE) return undefined;
  const token = memberOf(value, 'challenge');
  if (typeof token !== 'string' || token === '') return undefined;
  return token.length > MAX_TOKEN_CHARS ? undefined : token;
}

/** What a receiver should answer, as JSON text. */
export function challengeAnswer(token: string): string {
  return JSON.stringify({ challenge: token });
}

/** Whether an answer's body gives the token back. The comparison takes constant time. */
export function answersChallenge(body: Uint8Array, token: string): boolean {
  if (body.length > MAX_ANSWER_BYTES) return false;
  const text = decoder.decode(body).trim();
  const given = memberOf(parse(text), 'challenge');
  return sameText(typeof given === 'string' ? given : text, token);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
