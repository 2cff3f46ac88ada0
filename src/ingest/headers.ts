/** Headers of a request as verifiers look at them. */
import type { RequestHead } from './port.ts';

/** Node keeps only the first of these; whoever verifies must see that there were two. */
const KEPT_ONCE: ReadonlySet<string> = new Set(['authorization', 'from', 'user-agent']);

/** @param name lower case. Several of one name are joined with `, `. */
export function headerOf(
  { headers, rawHeaders }: Pick<RequestHead, 'headers' | 'rawHeaders'>,
  name: string,
): string | undefined {
  const value = headers[name];
  if (typeof value === 'string') {
    return KEPT_ONCE.has(name) ? allOf(rawHeaders, name) : value;
  }
  return Array.isArray(value) ? value.join(', ') : undefined;
}

function allOf(rawHeaders: readonly string[], name: string): string {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? '');
  }
  return values.join(', ');
}
