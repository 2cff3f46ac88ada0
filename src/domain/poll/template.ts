/**
 * Texts with places to fill in: `https://bank.example/accounts/{account}`, `Bearer {secret}`.
 * A name is what stands between braces; a brace that is none is written `{{` or `}}`.
 */

const PLACE = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;
const NAME = /^[a-z][a-z0-9_:./-]*$/i;

/** A sentence saying what is wrong with a template, or undefined. */
export function checkTemplate(
  text: string,
  knows: (name: string) => boolean,
  hint: string,
): string | undefined {
  for (const match of text.matchAll(PLACE)) {
    const [whole, name] = match;
    if (whole === '{{' || whole === '}}') continue;
    if (name === undefined) return `has a "${whole}" that stands alone; write "${whole}${whole}"`;
    if (!NAME.test(name) || !knows(name)) return `has {${name}}, which is not known; ${hint}`;
  }
  return undefined;
}

/** The names a template asks for, each once. */
export function placesOf(text: string): readonly string[] {
  const names = [...text.matchAll(PLACE)].flatMap(([, name]) => (name === undefined ? [] : [name]));
  return [...new Set(names)];
}

/** Fills all places. @returns undefined when a value is missing. */
export function fill(
  text: string,
  valueOf: (name: string) => string | undefined,
): string | undefined {
  let isComplete = true;
  const filled = text.replaceAll(PLACE, (whole: string, name: string | undefined) => {
    if (whole === '{{' || whole === '}}') return whole.slice(1);
    const value = name === undefined ? undefined : valueOf(name);
    if (value === undefined) isComplete = false;
    return value ?? '';
  });
  return isComplete ? filled : undefined;
}
