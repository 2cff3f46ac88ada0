/**
 * Shared Signals: a signed token with a verification event, which tells the receiver that the
 * stream works (SSF 1.0 §8.1.4). `config.verification_state`, where it is set, must come back in
 * it.
 */
import { sameText } from '../../hmac.ts';
import { objectIn, textIn, utf8 } from '../code/json.ts';
import { parseJws } from '../code/jws.ts';
import type { AnswerHandshake } from './answer.ts';
import { emptyReply, refusedReply } from './reply.ts';

const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';

export const ssfVerification: AnswerHandshake = ({ method, body }, _json, { config }) => {
  const jws = method === 'POST' ? parseJws(utf8(body) ?? '') : undefined;
  const event = objectIn(objectIn(jws?.claims ?? {}, 'events') ?? {}, VERIFICATION);
  if (event === undefined) return null;
  const expected = config['verification_state'] ?? '';
  return expected !== '' && !sameText(expected, textIn(event, 'state') ?? '')
    ? refusedReply(400, 'The state of the verification event is not config.verification_state.')
    : emptyReply(202, { requiresSignature: true });
};
