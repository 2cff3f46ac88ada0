/** Reads a request body as JSON, with one error for everything that can be wrong with the bytes. */
import { isUtf8 } from 'node:buffer';
import { Problem } from './problems.ts';

/** @throws Problem `invalid_json` unless the bytes are valid UTF-8. */
export function bodyText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Problem('invalid_json', 'The body is not valid UTF-8.');
  return bytes.toString('utf8');
}

/**
 * @param what what the text is called in the error: `The body`, `Line 3`.
 * @throws Problem `invalid_json` that says where reading stopped, without repeating the text.
 */
export function parseJson(text: string, what = 'The body'): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem('invalid_json', `${what} is not JSON: ${whereItStopped(text, error)}.`);
  }
}

const JSON_SPACE_ONLY = /^[ \t\r\n]*$/;
const UNEXPECTED_TOKEN = 'Unexpected token';

/** Finding the place of an unexpected token takes up to 16 more readings of the text. */
const MAX_SEARCHED_CHARS = 65_536;

function whereItStopped(text: string, error: unknown): string {
  if (JSON_SPACE_ONLY.test(text)) return 'it is empty';
  const message = error instanceof Error ? error.message : '';
  const at = /at position (\d+)/.exec(message)?.[1] ?? unexpectedTokenAt(text, message);
  if (at === undefined) return 'it ends too early or holds something unexpected';
  const before = text.slice(0, Number(at));
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  return `it goes wrong at line ${line}, column ${column}`;
}

/** V8 gives no position for an unexpected token, but only prefixes that hold it complain of it. */
function unexpectedTokenAt(text: string, message: string): number | undefined {
  if (!message.startsWith(UNEXPECTED_TOKEN) || text.length > MAX_SEARCHED_CHARS) return undefined;
  let without = 0;
  let within = text.length;
  while (within - without > 1) {
    const middle = (without + within) >>> 1;
    if (complainsOfToken(text.slice(0, middle))) within = middle;
    else without = middle;
  }
  return without;
}

function complainsOfToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.startsWith(UNEXPECTED_TOKEN);
  }
}
