/** `application/x-www-form-urlencoded` bodies, read strictly: one body, one meaning. */

export const MAX_FORM_FIELDS = 1000;
/** What browsers and senders write: no control characters, no raw bytes above ASCII. */
const PLAIN = /^[\x21-\x7e]*$/;

export type FormField = readonly [name: string, value: string];

/** In the order they came. `undefined` for bytes that no encoder writes, or too many fields. */
export function parseForm(text: string): readonly FormField[] | undefined {
  if (!PLAIN.test(text)) return undefined;
  const parts = text.split('&').filter((part) => part !== '');
  if (parts.length > MAX_FORM_FIELDS) return undefined;
  const fields: FormField[] = [];
  for (const part of parts) {
    const at = part.indexOf('=');
    const name = decoded(at === -1 ? part : part.slice(0, at));
    const value = decoded(at === -1 ? '' : part.slice(at + 1));
    if (name === undefined || value === undefined) return undefined;
    fields.push([name, value]);
  }
  return fields;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Whether the header names this media type, whatever its parameters. */
export function isMediaType(contentType: string | undefined, type: string): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === type;
}
