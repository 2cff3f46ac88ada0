/** Handshakes of those who ask whether we really subscribed. */
import { sameText } from '../../hmac.ts';
import type { AnswerHandshake, HandshakeContext } from './answer.ts';
import { queryField } from './query.ts';
import { emptyReply, isEchoable, refusedReply, textReply } from './reply.ts';
import type { HandshakeReply } from './reply.ts';

/** Meta: the token is one that the owner chose and typed in at Meta. */
export const meta: AnswerHandshake = (request, _json, { config }) => {
  if (request.method !== 'GET' || queryField(request, 'hub.mode') !== 'subscribe') return null;
  const challenge = queryField(request, 'hub.challenge');
  const token = config['verify_token'] ?? '';
  if (token === '') return refusedReply(403, 'Set config.verify_token to the text given to Meta.');
  if (!sameText(token, queryField(request, 'hub.verify_token') ?? '')) {
    return refusedReply(403, 'hub.verify_token is not config.verify_token.');
  }
  return isEchoable(challenge)
    ? textReply(challenge)
    : refusedReply(403, 'hub.challenge is missing, or not a text that is safe to repeat.');
};

/**
 * W3C WebSub §5.3. Anyone can ask a hub to subscribe or unsubscribe us; what we confirm is what the
 * owner has set in `config.topic` (a comma list) and, to leave, in `config.allow_unsubscribe`.
 */
export const websub: AnswerHandshake = (request, _json, context) => {
  const mode = request.method === 'GET' ? queryField(request, 'hub.mode') : undefined;
  if (mode === 'denied') return emptyReply(200);
  if (mode !== 'subscribe' && mode !== 'unsubscribe') return null;
  const problem = websubProblem(mode, queryField(request, 'hub.topic') ?? '', context);
  if (problem !== null) return problem;
  const challenge = queryField(request, 'hub.challenge');
  return isEchoable(challenge)
    ? textReply(challenge)
    : refusedReply(404, 'hub.challenge is missing, or not a text that is safe to repeat.');
};

function websubProblem(
  mode: 'subscribe' | 'unsubscribe',
  topic: string,
  { config }: HandshakeContext,
): HandshakeReply | null {
  const topics = (config['topic'] ?? '').split(',').map((one) => one.trim());
  if (topic === '' || !topics.includes(topic)) {
    return refusedReply(404, 'hub.topic is not in config.topic, so nobody here asked for it.');
  }
  if (mode === 'unsubscribe' && config['allow_unsubscribe'] !== 'true') {
    return refusedReply(404, 'Set config.allow_unsubscribe to true to leave the topic.');
  }
  return null;
}
