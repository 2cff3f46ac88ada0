/** Builds the verifiers of the schemes that need code. */
import type { InboundVerifier, VerifierOptions } from '../verifier.ts';
import type { CodeScheme } from './scheme.ts';

/** @throws TypeError for a scheme that is not known here. */
export function compileCode(scheme: CodeScheme, _options: VerifierOptions): InboundVerifier {
  throw new TypeError(`There is no verifier for ${scheme.name}`);
}
