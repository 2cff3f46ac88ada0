/**
 * The field allowlist of a source: of what came in, only the named parts are stored and sent on, so
 * that no more of a stranger's text than needed is ever put before a model.
 */
import { pathOf } from '../domain/json-pointer.ts';
import { behindContainer, closingQuote, skipSpace, topLevelSpans } from '../protocol/json-span.ts';

/** Null: all of it is kept. */
export type FieldTree = Map<string, FieldTree | null>;

/** @throws TypeError with a sentence for a text that is no pointer to a member. */
export function fieldTree(pointers: readonly string[]): FieldTree {
  const root: FieldTree = new Map();
  for (const pointer of pointers) {
    const path = pathOf(pointer);
    if (path === undefined || path.length === 0) {
      throw new TypeError(`"${pointer}" is no JSON Pointer such as /data/id`);
    }
    plant(root, path);
  }
  return root;
}

function plant(root: FieldTree, path: readonly string[]): void {
  let at = root;
  for (const key of path.slice(0, -1)) {
    const next = at.get(key);
    // A shorter pointer keeps all of it already.
    if (next === null) return;
    const branch: FieldTree = next ?? new Map();
    at.set(key, branch);
    at = branch;
  }
  at.set(path.at(-1) ?? '', null);
}

/**
 * The kept parts as JSON text; each value keeps its bytes, and the members their order. Of a list
 * the parts of its objects are kept; of anything else nothing is.
 *
 * @param text valid JSON.
 */
export function keptFields(text: string, tree: FieldTree): string {
  const start = skipSpace(text, 0);
  const first = text[start];
  if (first === '{') return ofObject(text.slice(start), tree);
  if (first === '[')
    return `[${objectsOf(text, start)
      .map((one) => ofObject(one, tree))
      .join(',')}]`;
  return '{}';
}

function ofObject(text: string, tree: FieldTree): string {
  const members: string[] = [];
  for (const [key, { start, end }] of topLevelSpans(text)) {
    const branch = tree.get(key);
    if (branch === undefined) continue;
    const value = text.slice(start, end);
    if (branch !== null && !/^[{[]/.test(value)) continue;
    members.push(`${JSON.stringify(key)}:${branch === null ? value : keptFields(value, branch)}`);
  }
  return `{${members.join(',')}}`;
}

/** The objects that stand directly in the list that begins here. */
function objectsOf(text: string, list: number): string[] {
  const found: string[] = [];
  let at = skipSpace(text, list + 1);
  while (at < text.length && text[at] !== ']') {
    const start = at;
    at = behindElement(text, start);
    if (text[start] === '{') found.push(text.slice(start, at));
    at = skipSpace(text, at);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return found;
}

function behindElement(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return closingQuote(text, start + 1) + 1;
  if (first === '{' || first === '[') return behindContainer(text, start);
  const rest = /[,\]\s]/g;
  rest.lastIndex = start;
  return rest.exec(text)?.index ?? text.length;
}
