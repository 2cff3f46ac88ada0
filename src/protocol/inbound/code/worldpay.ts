/** Worldpay Access: `{key id}/SHA256/{hex}`, several in one header; an HMAC-SHA256 of the body. */
import { sameText } from '../../hmac.ts';
import type { HmacSha256Key } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { indexOfMatch, setting, textKeys } from './settings.ts';
import { accept, refuse } from './verdict.ts';

const HEADER = 'event-signature';
const ITEM = /^([A-Za-z0-9._-]{1,64})\/SHA256\/([0-9a-f]{64})$/;
export const MAX_SIGNATURES = 8;

/** Setting: `key_id`; where it is set, signatures of other keys are skipped. */
export function compileWorldpay(options: VerifierOptions): InboundVerifier {
  const keys = textKeys(options, "the webhook's shared secret");
  const keyId = setting(options, 'key_id') ?? null;
  return { verify: (request) => verify(keys, keyId, request) };
}

function verify(
  keys: readonly HmacSha256Key[],
  keyId: string | null,
  request: InboundRequest,
): InboundVerdict {
  const header = request.headers(HEADER);
  if (!header) return refuse('missing_signature', `There is no ${HEADER} header.`);
  const items = header.split(',').map((item) => item.trim());
  const known = items.map((item) => ITEM.exec(item)).filter((match) => match !== null);
  if (items.length > MAX_SIGNATURES || known.length === 0) {
    return refuse('malformed_signature', `${HEADER} holds no SHA256 signature, or too many.`);
  }
  const given = known
    .filter(([, id]) => keyId === null || id === keyId)
    .map(([, , hex = '']) => hex);
  const secret = indexOfMatch(keys, (key) => {
    const expected = key.hex(request.body);
    return given.filter((hex) => sameText(hex, expected)).length > 0;
  });
  return secret === null
    ? refuse('wrong_signature', 'No secret of this source fits the body.')
    : accept(secret);
}
