/** Schemes that users write themselves. */
import type { SchemeDescription } from './scheme.ts';

/** @throws TypeError with a sentence for a person. */
export function parseCustomScheme(json: unknown): SchemeDescription {
  throw new TypeError(`A scheme can not be read from ${typeof json}`);
}
