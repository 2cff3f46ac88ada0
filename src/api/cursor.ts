/**
 * Where a list goes on, as opaque text. Base64url of JSON with a version, so that the inside may
 * change later without old cursors being read wrongly.
 */
import { z } from 'zod';
import { invalid } from './problems.ts';

const CURSOR_VERSION = 1;

/** Longest cursor we write is far shorter; anything longer is not ours. */
const MAX_CURSOR_CHARS = 300;

/** @param position small JSON-serialisable place in a list. */
export function encodeCursor(position: object): string {
  const json = JSON.stringify({ v: CURSOR_VERSION, at: position });
  return Buffer.from(json).toString('base64url');
}

/** @throws Problem naming `cursor` unless the text came from `encodeCursor` for such a list. */
export function decodeCursor<Position>(text: string, shape: z.ZodType<Position>): Position {
  const envelope = z.strictObject({ v: z.literal(CURSOR_VERSION), at: shape });
  const parsed = envelope.safeParse(jsonOf(text));
  if (!parsed.success) {
    throw invalid({
      parameter: 'cursor',
      code: 'invalid_cursor',
      detail: 'not a cursor of this list; use a next_cursor unchanged, or leave it out to start',
    });
  }
  return parsed.data.at;
}

function jsonOf(text: string): unknown {
  if (text.length > MAX_CURSOR_CHARS) return undefined;
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
