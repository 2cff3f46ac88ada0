/** From what a scheme says to what checks requests. */
import { compileCode } from './code/index.ts';
import type { SchemeDescription } from './scheme.ts';
import type { InboundVerifier, VerifierOptions } from './verifier.ts';
import { compileAny } from './any-scheme.ts';
import { compileSigned } from './signed-scheme.ts';
import { compileToken } from './token-scheme.ts';

/**
 * Everything that is the same for all requests is done here: keys, prefixes, names.
 *
 * @throws TypeError with a sentence for a person, for secrets or settings that can't be used.
 */
export function compileVerifier(
  scheme: SchemeDescription,
  options: VerifierOptions,
): InboundVerifier {
  switch (scheme.kind) {
    case 'hmac':
    case 'hash':
    case 'signature':
      return compileSigned(scheme, options);
    case 'token':
      return compileToken(scheme, options);
    case 'any':
      return compileAny(scheme.of.map((one) => () => compileVerifier(one, options)));
    case 'code':
      return compileCode(scheme, options);
    case 'none':
      return { verify: () => ({ ok: true, secret: null }) };
  }
}
