/** Offsets into a source text as people count: lines and columns from 1. */
import type { SourcePosition } from './port.ts';

export function sourcePosition(source: string, offset: number): SourcePosition {
  const at = Math.min(Math.max(0, offset), source.length);
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  return { offset: at, line, column: at - before.lastIndexOf('\n') };
}
