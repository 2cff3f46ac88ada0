/** From a code scheme's name to its verifier. */
import type { InboundVerifier, VerifierOptions } from '../verifier.ts';
import { compileAdyenItems } from './adyen-items.ts';
import { compileBrowserUse } from './browser-use.ts';
import { compileDropboxSign } from './dropbox-sign.ts';
import { compileFal } from './fal.ts';
import { compileHttpSignature } from './http-signature.ts';
import { compileHubspotV1V2, compileHubspotV3 } from './hubspot.ts';
import { compileJwt } from './jwt.ts';
import { compileJwtBodyHash } from './jwt-body-hash.ts';
import { compileManus } from './manus.ts';
import { compileMicrosoftGraph } from './microsoft-graph.ts';
import { compilePaypal } from './paypal.ts';
import { compilePlaid } from './plaid.ts';
import type { CodeScheme } from './scheme.ts';
import { compileSecurityEventToken } from './security-event-token.ts';
import { compileSns } from './sns.ts';
import { compileTokenAndJwt } from './token-and-jwt.ts';
import { compileTwilio } from './twilio.ts';
import { compileWorldpay } from './worldpay.ts';

/**
 * @throws TypeError with a sentence for a person, for secrets and settings that can't be used, and
 *   where the runtime lacks what the scheme needs.
 */
export function compileCode(scheme: CodeScheme, options: VerifierOptions): InboundVerifier {
  switch (scheme.name) {
    case 'jwt-body-hash':
      return compileJwtBodyHash(scheme.params, options);
    case 'jwt':
      return compileJwt(scheme.params, options);
    case 'token-and-jwt':
      return compileTokenAndJwt(scheme.params, options);
    case 'http-signature':
      return compileHttpSignature(scheme.params, options);
    default:
      return OWN[scheme.name](options);
  }
}

type OwnName = Exclude<
  CodeScheme['name'],
  'jwt-body-hash' | 'jwt' | 'token-and-jwt' | 'http-signature'
>;

/** Those that belong to one provider. */
const OWN: Readonly<Record<OwnName, (options: VerifierOptions) => InboundVerifier>> = {
  'security-event-token': compileSecurityEventToken,
  sns: compileSns,
  paypal: compilePaypal,
  plaid: compilePlaid,
  twilio: compileTwilio,
  'adyen-items': compileAdyenItems,
  'hubspot-v3': compileHubspotV3,
  'hubspot-v1v2': compileHubspotV1V2,
  'browser-use': compileBrowserUse,
  manus: compileManus,
  fal: compileFal,
  'dropbox-sign': compileDropboxSign,
  'microsoft-graph': compileMicrosoftGraph,
  worldpay: compileWorldpay,
};
