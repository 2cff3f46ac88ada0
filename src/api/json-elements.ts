/**
 * Cuts a JSON array into the texts of its elements, byte for byte, so that each one can be kept as
 * its publisher wrote it.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * The source text of every element, in order, white space around it removed.
 *
 * @param text a JSON array already known to be valid. Broken text gives wrong cuts.
 */
export function arrayElements(text: string): string[] {
  const elements: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = closingQuote(text, at + 1);
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) pushUnlessEmpty(elements, text.slice(start, at));
    } else if (code === COMMA && depth === 1) {
      elements.push(trimSpace(text.slice(start, at)));
      start = at + 1;
    }
  }
  return elements;
}

/** Behind the last comma stands an element, unless there was no comma and the array is empty. */
function pushUnlessEmpty(elements: string[], text: string): void {
  const trimmed = trimSpace(text);
  if (trimmed !== '') elements.push(trimmed);
}

/** A loop, not a pattern: a pattern for trailing space takes quadratic time on runs of space. */
function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** JSON's own white space alone. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return text.length;
}
