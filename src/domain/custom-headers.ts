/**
 * The headers a subscription may add to its requests. They reach strangers' servers beside headers
 * that frame, route or sign the request, so names are strict and those of others are refused.
 */
import {
  MAX_CUSTOM_HEADER_NAME_CHARS,
  MAX_CUSTOM_HEADER_VALUE_CHARS,
  MAX_CUSTOM_HEADERS,
} from './limits.ts';

/** Narrower than a token of RFC 9110 §5.6.2: no underscore, which some servers read as a dash. */
const NAME = new RegExp(`^[A-Za-z0-9-]{1,${MAX_CUSTOM_HEADER_NAME_CHARS}}$`);
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

const REFUSED_NAMES: ReadonlySet<string> = new Set([
  // They frame the request or the connection.
  'host',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'accept-encoding',
  'http2-settings',
  // They claim a path or a session that we don't have.
  'cookie',
  'forwarded',
  'via',
  // Bellwire writes them.
  'user-agent',
  'x-agent-signature',
  'x-agent-signature-2',
  'traceparent',
  'tracestate',
]);

const REFUSED_PREFIXES: readonly string[] = [
  'content-',
  'proxy-',
  'x-forwarded-',
  'webhook-',
  'bellwire-',
  'ce-',
];

/** A sentence saying what is wrong with a set of custom headers, or `undefined`. */
export function checkCustomHeaders(headers: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(headers);
  if (entries.length > MAX_CUSTOM_HEADERS) {
    const count = entries.length;
    return `a subscription has at most ${MAX_CUSTOM_HEADERS} custom headers, not ${count}`;
  }
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const problem = checkHeaderName(name) ?? checkValue(name, value);
    if (problem !== undefined) return problem;
    const lowerName = name.toLowerCase();
    if (seen.has(lowerName)) return `the custom header ${name} is given twice`;
    seen.add(lowerName);
  }
  return undefined;
}

/** A sentence saying why a header of this name can't be added to requests, or `undefined`. */
export function checkHeaderName(name: string): string | undefined {
  if (!NAME.test(name)) {
    return (
      `the custom header name ${JSON.stringify(name.slice(0, MAX_CUSTOM_HEADER_NAME_CHARS))} ` +
      `is not made of 1 to ${MAX_CUSTOM_HEADER_NAME_CHARS} letters, digits and "-"`
    );
  }
  const lowerName = name.toLowerCase();
  const refused =
    REFUSED_NAMES.has(lowerName) || REFUSED_PREFIXES.some((prefix) => lowerName.startsWith(prefix));
  return refused ? `the custom header ${name} is reserved and can't be set` : undefined;
}

/** The sentence does not repeat the value: custom headers often carry credentials. */
function checkValue(name: string, value: string): string | undefined {
  if (value.length > MAX_CUSTOM_HEADER_VALUE_CHARS) {
    return (
      `the value of the custom header ${name} is longer than ` +
      `${MAX_CUSTOM_HEADER_VALUE_CHARS} characters`
    );
  }
  if (!PRINTABLE_ASCII.test(value)) {
    return `the value of the custom header ${name} holds characters other than printable ASCII`;
  }
  if (value !== value.trim()) {
    return `the value of the custom header ${name} begins or ends with a space`;
  }
  return undefined;
}
