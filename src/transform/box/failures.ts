/** What is said about an expression that went wrong. */
import type { BoxFailure } from './messages.ts';

/** JSONata throws bare objects of this kind; anything else comes from the language below it. */
interface JsonataError {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly position?: unknown;
  readonly value?: unknown;
  readonly value2?: unknown;
  readonly exp?: unknown;
}

const CODE = /^[SDT]\d{4}$/;
/** Too deep a recursion, too long a range, too long a sequence. */
const LIMIT_CODES: ReadonlySet<unknown> = new Set(['D1011', 'D2014', 'D2015']);
/** Their messages are the expression's own, made of whatever it likes. */
const OWN_MESSAGES: ReadonlyMap<unknown, string> = new Map([
  ['D3137', 'it called $error'],
  ['D3141', 'an $assert in it did not hold'],
]);
const MAX_DETAIL_CHARS = 300;
const MAX_MESSAGE_CHARS = 1_000;

export function failure(kind: BoxFailure['kind'], detail: string): BoxFailure {
  return { kind, detail, message: detail, offset: null };
}

export function failureOf(error: unknown): BoxFailure {
  if (typeof error !== 'object' || error === null) return failure('expression', 'it threw a value');
  const { code, name, message, position }: JsonataError = error;
  const offset = typeof position === 'number' ? position : null;
  const text = cut(String(message), MAX_MESSAGE_CHARS);
  if (typeof code !== 'string' || !CODE.test(code)) {
    const detail = `JSONata could not go on (${cut(String(name), 40)})`;
    return { kind: 'expression', detail, message: `${detail}: ${text}`, offset };
  }
  const kind = LIMIT_CODES.has(code) ? 'limit' : 'expression';
  const detail = OWN_MESSAGES.get(code) ?? withoutValues(code, error, String(message));
  return { kind, detail: cut(detail, MAX_DETAIL_CHARS), message: text, offset };
}

/** JSONata quotes values in its messages; what is stored about a failure must not hold any. */
function withoutValues(code: string, error: JsonataError, message: string): string {
  // Errors of syntax quote the source alone.
  if (code.startsWith('S')) return message;
  let text = message;
  for (const value of [error.value, error.value2, error.exp]) {
    const quoted = value === undefined ? undefined : JSON.stringify(value);
    if (quoted !== undefined && quoted !== '') text = text.replaceAll(quoted, '…');
  }
  return text;
}

function cut(text: string, chars: number): string {
  return text.length > chars ? `${text.slice(0, chars)}…` : text;
}
