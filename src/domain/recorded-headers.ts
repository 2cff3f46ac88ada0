/** Which headers of a receiver's answer are kept: enough to explain an attempt, no more. */

export const MAX_RECORDED_HEADERS = 50;
export const MAX_RECORDED_HEADER_VALUE_CHARS = 1_024;

/** They carry sessions and credentials of the receiver's, and explain nothing. */
const NOT_RECORDED: ReadonlySet<string> = new Set([
  'set-cookie',
  'set-cookie2',
  'authorization',
  'proxy-authorization',
  'authentication-info',
  'proxy-authentication-info',
  'x-api-key',
]);

const CUT = '…';

/** @param headers names in lower case. */
export function recordedHeaders(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const kept = Object.entries(headers)
    .filter(([name]) => !NOT_RECORDED.has(name))
    .slice(0, MAX_RECORDED_HEADERS);
  return Object.fromEntries(kept.map(([name, value]) => [name, shortened(value)]));
}

function shortened(value: string): string {
  if (value.length <= MAX_RECORDED_HEADER_VALUE_CHARS) return value;
  return value.slice(0, MAX_RECORDED_HEADER_VALUE_CHARS - CUT.length) + CUT;
}
