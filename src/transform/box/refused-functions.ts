/** Functions of JSONata that a transform may not use. */
import type { BoxFailure } from './messages.ts';

const REFUSED: ReadonlyMap<unknown, string> = new Map([
  ['random', 'every attempt must send the same bytes'],
  ['shuffle', 'every attempt must send the same bytes'],
  ['eval', 'a text of an event must not become a program'],
]);

/** Goes through a syntax tree without recursion: a source may nest as deep as it is long. */
export function refusedFunction(tree: unknown): BoxFailure | undefined {
  const seen = new Set<unknown>();
  const open = [tree];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    const { type, value, position }: { type?: unknown; value?: unknown; position?: unknown } = node;
    const why = type === 'variable' ? REFUSED.get(value) : undefined;
    if (why !== undefined) {
      const detail = `$${String(value)} may not be used: ${why}`;
      const offset = typeof position === 'number' ? position : null;
      return { kind: 'expression', detail, message: detail, offset };
    }
    for (const child of Object.values(node)) open.push(child);
  }
  return undefined;
}
