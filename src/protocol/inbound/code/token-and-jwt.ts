/**
 * A shared token, a JWT, or both, as the source is configured: Azure Event Grid, A2A 0.3. What is
 * configured is required; one does not stand in for the other.
 */
import { sameText } from '../../hmac.ts';
import type { InboundRequest } from '../request.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { compileJwt } from './jwt.ts';
import type { TokenAndJwtParams } from './scheme.ts';
import { indexOfMatch, mustHaveSecrets, setting } from './settings.ts';
import { accept, refuse } from './verdict.ts';

/** @throws TypeError when neither a secret nor the setting for a JWT is there. */
export function compileTokenAndJwt(
  params: TokenAndJwtParams,
  options: VerifierOptions,
): InboundVerifier {
  const wantsJwt = setting(options, params.jwtSetting) !== undefined;
  const wantsToken = options.secrets.length > 0;
  if (!wantsJwt && !wantsToken) {
    throw new TypeError(`This source needs a secret or config.${params.jwtSetting}`);
  }
  const jwt = wantsJwt ? compileJwt(params.jwt, options) : null;
  const tokens = wantsToken ? mustHaveSecrets(options, 'the token that it sends') : [];
  return {
    verify(request, now) {
      const verdict = wantsToken ? tokenVerdict(params.token, tokens, request) : accept(null);
      if (!verdict.ok || jwt === null) return verdict;
      return both(verdict, jwt.verify(request, now));
    },
  };
}

async function both(
  token: InboundVerdict,
  jwt: InboundVerdict | Promise<InboundVerdict>,
): Promise<InboundVerdict> {
  const verdict = await jwt;
  return verdict.ok ? token : verdict;
}

function tokenVerdict(
  where: TokenAndJwtParams['token'],
  tokens: readonly string[],
  request: InboundRequest,
): InboundVerdict {
  const given =
    where.in === 'header' ? [request.headers(where.name) ?? ''] : queryValues(request, where.name);
  if (given.length > 1) {
    return refuse('malformed_signature', `The query has ${where.name} more than once.`);
  }
  const token = given[0] ?? '';
  if (token === '') return refuse('missing_signature', `There is no ${where.name}.`);
  const secret = indexOfMatch(tokens, (one) => sameText(one, token));
  return secret === null
    ? refuse('wrong_signature', `${where.name} is not a token of this source.`)
    : accept(secret);
}

function queryValues(request: InboundRequest, name: string): readonly string[] {
  return URL.canParse(request.url) ? new URL(request.url).searchParams.getAll(name) : [];
}
