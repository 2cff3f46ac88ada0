/** Which headers of a request are kept: enough to explain a refusal, and no credential. */
import { MAX_STORED_HEADERS, MAX_STORED_HEADER_VALUE_CHARS } from '../domain/limits-ingest.ts';

/** Headers that are credentials by themselves, by the words they are named with. */
const CREDENTIAL =
  /auth|cookie|token|secret|password|passwd|api-?key|credential|session|client-cert/;

/** Shorter secrets turn up in texts by chance. */
const MIN_SECRET_CHARS = 6;

const HIDDEN = '(hidden)';
const CUT = '…';

/**
 * JSON text of an object, names in lower case.
 *
 * @param raw name and value by turns, as they came.
 * @param secrets of the source: hidden wherever they stand.
 */
export function keptHeaders(raw: readonly string[], secrets: readonly string[]): string {
  const kept = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length && kept.size < MAX_STORED_HEADERS; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = shown(name, raw[at + 1] ?? '', secrets);
    const before = kept.get(name);
    kept.set(name, before === undefined ? value : cut(`${before}, ${value}`));
  }
  return JSON.stringify(Object.fromEntries(kept));
}

function shown(name: string, value: string, secrets: readonly string[]): string {
  if (CREDENTIAL.test(name)) return HIDDEN;
  return holdsSecret(value, secrets) ? HIDDEN : cut(value);
}

/** Whether one of the secrets stands in the text. */
export function holdsSecret(text: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => secret.length >= MIN_SECRET_CHARS && text.includes(secret));
}

function cut(value: string): string {
  if (value.length <= MAX_STORED_HEADER_VALUE_CHARS) return value;
  return value.slice(0, MAX_STORED_HEADER_VALUE_CHARS - CUT.length) + CUT;
}
