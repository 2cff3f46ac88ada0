/** The headers of a request as data: no credentials, and not too many. */
import { headerEntries } from '../header-lookup.ts';
import type { HeaderSource } from '../header-lookup.ts';

const MAX_HEADERS = 50;
const MAX_VALUE_CHARS = 512;
/** Shorter secrets turn up in texts by chance. */
const MIN_SECRET_CHARS = 6;
/** Headers that are credentials by themselves, by the words they are named with. */
const CREDENTIAL =
  /auth|cookie|token|secret|password|passwd|api-?key|credential|session|client-cert/;
const HIDDEN = '(hidden)';

export function safeHeaders(
  headers: HeaderSource,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const long = secrets.filter((secret) => secret.length >= MIN_SECRET_CHARS);
  const entries = headerEntries(headers).slice(0, MAX_HEADERS);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const isSecret = CREDENTIAL.test(name) || long.some((secret) => value.includes(secret));
      return [name, isSecret ? HIDDEN : cut(value)];
    }),
  );
}

function cut(value: string): string {
  return value.length <= MAX_VALUE_CHARS ? value : `${value.slice(0, MAX_VALUE_CHARS - 1)}…`;
}
