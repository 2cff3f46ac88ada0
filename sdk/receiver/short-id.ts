/** An event's id in a form that any store and any broker takes: printable, and not too long. */

export const MAX_PLAIN_ID_CHARS = 200;

const PRINTABLE_ASCII = /^[\x21-\x7e]+$/;

/** The id itself where it is plain, else `sha256:` and its digest: no two ids become one. */
export async function shortId(id: string, maxChars = MAX_PLAIN_ID_CHARS): Promise<string> {
  if (id.length <= maxChars && PRINTABLE_ASCII.test(id)) return id;
  return `sha256:${await digestOf(id)}`;
}

/** SHA-256 of the text as UTF-8, in hex. */
export async function digestOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
