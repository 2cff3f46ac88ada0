/** Browser Use: hex HMAC-SHA256 of time and canonical JSON. */
import { sameText } from '../../hmac.ts';
import type { HmacSha256Key } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { canonicalJson } from './canonical-json.ts';
import { DEFAULT_TOLERANCE_SECONDS, unixProblem } from './instants.ts';
import { utf8 } from './json.ts';
import { indexOfMatch, textKeys } from './settings.ts';
import { accept, refuse } from './verdict.ts';

const HEADER = 'x-browser-use-signature';
const TIME_HEADER = 'x-browser-use-timestamp';
const SHA256_HEX = /^[0-9a-f]{64}$/;
const NOTHING = new Uint8Array(0);

/** @throws TypeError without a secret. */
export function compileBrowserUse(options: VerifierOptions): InboundVerifier {
  const keys = textKeys(options, "the webhook's signing secret");
  const toleranceSeconds = options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  return { verify: (request, now) => verify(keys, request, { now, toleranceSeconds }) };
}

function verify(
  keys: readonly HmacSha256Key[],
  request: InboundRequest,
  time: { readonly now: number; readonly toleranceSeconds: number },
): InboundVerdict {
  const given = request.headers(HEADER);
  if (!given) return refuse('missing_signature', `There is no ${HEADER} header.`);
  if (!SHA256_HEX.test(given)) {
    return refuse('malformed_signature', `${HEADER} is not the hex of an HMAC-SHA256.`);
  }
  const timestamp = request.headers(TIME_HEADER);
  const problem = unixProblem(timestamp, { unit: 's', ...time });
  if (problem !== null) return problem;
  const text = utf8(request.body);
  const content = text === undefined ? undefined : canonicalJson(text);
  if (content === undefined) {
    return refuse('malformed_body', 'The body is no JSON that can be read in one way only.');
  }
  const secret = indexOfMatch(keys, (key) =>
    sameText(key.hex(NOTHING, `${timestamp}.${content}`), given),
  );
  return secret === null
    ? refuse('wrong_signature', 'No secret of this source fits the body.')
    : accept(secret);
}
