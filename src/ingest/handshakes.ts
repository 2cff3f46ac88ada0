/** The handshake of a source's own provider, with what the source brings to it. */
import { liveSecrets, type Source } from '../domain/source.ts';
import { handshakeFor } from '../protocol/inbound/handshake/handshake.ts';
import type { InboundVerifier } from '../protocol/inbound/verifier.ts';
import type { Provider } from '../protocol/providers/provider.ts';
import type { Gate } from './gate.ts';
import { textConfig } from './source-provider.ts';

/** @param now wall clock, milliseconds. */
export function buildHandshake(
  source: Source,
  { handshake }: Provider,
  now: number,
): Gate['handshake'] {
  if (handshake === null) return null;
  const { answer } = handshakeFor(handshake);
  const secrets = liveSecrets(source, now).map(({ text }) => text);
  const context = { secrets, config: textConfig(source.config) };
  return (request, json) => {
    const found = answer(request, json, context);
    if (found === null) return null;
    const { status, headers, body, ...more } = found;
    return { ...more, reply: { kind: 'reply', status, headers, body } };
  };
}

/** Whether the provider hands its secret over, so that a source may begin without one. */
export function bringsSecret({ handshake }: Provider): boolean {
  return handshake?.kind === 'header-echo' || handshake?.kind === 'token-delivery';
}

/** As long as the secret has not come. */
export const NO_SECRET_YET: InboundVerifier = {
  verify: () => ({
    ok: false,
    reason: 'wrong_signature',
    detail: 'The source has no secret yet: it comes with the handshake of the provider.',
  }),
};
