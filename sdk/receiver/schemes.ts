/** Everything that may stand in `scheme` and `schemes`, sorted into its two kinds. */
import { Door } from './providers/door.ts';
import type { DoorOptions } from './providers/door.ts';
import { chooseProvider } from './providers/options.ts';
import type { ProviderScheme, ReceiverDefaults, SchemeObject } from './providers/options.ts';
import { isOwnScheme, signatureCheck } from './signature.ts';
import type { OwnScheme, SignatureCheck } from './signature.ts';

/**
 * - `standard`, `agent`, `{ scheme, header }`: Bellwire's events, and senders that sign like it
 * - `github`, `stripe`, … or `{ provider, secret, config }`: an id of the provider catalogue
 * - `{ kind, … }`: a scheme in the language of `custom` sources
 */
// The empty intersection keeps the two names when editors offer completions.
export type Scheme = OwnScheme | ProviderScheme | SchemeObject | (string & {});

export interface SchemeParts extends ReceiverDefaults {
  readonly keys: DoorOptions['keys'];
  readonly takesSecret: boolean;
}

export interface SortedSchemes {
  readonly signature: SignatureCheck | null;
  readonly doors: readonly Door[];
}

/** @throws TypeError for what none of them is, and for secrets and settings that can't be used. */
export function sortSchemes(schemes: readonly Scheme[], parts: SchemeParts): SortedSchemes {
  if (schemes.length === 0) throw new TypeError('A receiver needs at least one scheme');
  const own = schemes.filter(isOwnScheme);
  const { secrets, toleranceSeconds, keys, takesSecret } = parts;
  const doors = schemes.flatMap((scheme) => {
    if (isOwnScheme(scheme)) return [];
    const choice = chooseProvider(scheme, parts);
    return [new Door({ ...choice, keys, takesSecret })];
  });
  return {
    signature:
      own.length === 0 ? null : signatureCheck({ secrets, schemes: own, toleranceSeconds }),
    doors,
  };
}
