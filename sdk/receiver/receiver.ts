/** The receiver that knows all providers of the catalogue. */
import { assembleReceiver } from './assemble.ts';
import type { Receiver, ReceiverOptions } from './receiver-options.ts';
import { sortSchemes } from './schemes.ts';

export type { Receiver, ReceiverOptions } from './receiver-options.ts';

/** @throws TypeError when secrets are missing or broken, or a scheme or pattern is not valid. */
export function createReceiver(options: ReceiverOptions): Receiver {
  return assembleReceiver(options, sortSchemes);
}
