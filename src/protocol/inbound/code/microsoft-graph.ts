/**
 * Microsoft Graph change notifications: the subscription's `clientState` in every item, and, where
 * notifications carry data, a token for each application and tenant in `validationTokens`.
 */
import { sameText } from '../../hmac.ts';
import type { InboundVerdict, InboundVerifier, VerifierOptions } from '../verifier.ts';
import { isObject, objectOf, textIn } from './json.ts';
import type { JsonObject } from './json.ts';
import { trusted, verifyToken } from './jwt.ts';
import type { TrustedIssuer } from './jwt.ts';
import { indexOfMatch, mustHaveSecrets, setting, settingList } from './settings.ts';
import { accept, refuse } from './verdict.ts';

export const MAX_NOTIFICATIONS = 1000;
/** Tokens in one request; each is a check of a signature. */
export const MAX_TOKENS = 8;
/** Who sends change notifications, as an application (Microsoft's documented id). */
const PUBLISHER = '0bf30f3b-4a52-48df-9a82-234910c4a086';
const KEY_SET = 'https://login.microsoftonline.com/common/discovery/v2.0/keys';
const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Scheme {
  readonly states: readonly string[];
  readonly applications: readonly string[];
  /** For each version of tokens; null without settings. */
  readonly issuers: readonly TrustedIssuer[] | null;
}

/**
 * The secrets are `clientState` texts. Settings, for notifications with data: `app_id` (a comma
 * list) and `tenant_id`.
 *
 * @throws TypeError without a secret, or for a tenant that is no GUID.
 */
export function compileMicrosoftGraph(options: VerifierOptions): InboundVerifier {
  const states = mustHaveSecrets(options, 'the clientState of the subscription');
  const tenant = setting(options, 'tenant_id')?.toLowerCase();
  if (tenant !== undefined && !TENANT.test(tenant)) {
    throw new TypeError('config.tenant_id must be the GUID of your Microsoft Entra tenant');
  }
  const scheme: Scheme = {
    states,
    applications: settingList(options, 'app_id'),
    issuers: tenant === undefined ? null : issuersOf(tenant, options),
  };
  return {
    verify(request, now) {
      const body = objectOf(request.body);
      const verdict = statesVerdict(scheme.states, body);
      if (!verdict.ok || body === undefined || !hasData(body)) return verdict;
      return tokensVerdict(scheme, body, verdict, now);
    },
  };
}

/** Tokens of version 2 name their sender in `azp`, of version 1 in `appid`. */
function issuersOf(tenant: string, options: VerifierOptions): readonly TrustedIssuer[] {
  const v2 = `https://login.microsoftonline.com/${tenant}/v2.0`;
  const v1 = `https://sts.windows.net/${tenant}/`;
  return [
    trusted({ issuer: v2, keys: KEY_SET, exact: { azp: PUBLISHER } }, 'RS256', options),
    trusted({ issuer: v1, keys: KEY_SET, exact: { appid: PUBLISHER } }, 'RS256', options),
  ];
}

function statesVerdict(states: readonly string[], body: JsonObject | undefined): InboundVerdict {
  const items = body?.['value'];
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_NOTIFICATIONS) {
    return refuse('malformed_body', `value is no list of 1 to ${MAX_NOTIFICATIONS} notifications.`);
  }
  let secret = 0;
  for (const item of items) {
    const given = isObject(item) ? textIn(item, 'clientState') : undefined;
    if (!given) return refuse('missing_signature', 'A notification has no clientState.');
    const found = indexOfMatch(states, (state) => sameText(state, given));
    if (found === null) return refuse('wrong_signature', 'A notification has another clientState.');
    secret = Math.max(secret, found);
  }
  return accept(secret);
}

function isRich(item: unknown): boolean {
  return isObject(item) && Object.hasOwn(item, 'encryptedContent');
}

function hasData(body: JsonObject): boolean {
  const items: unknown = body['value'];
  return Object.hasOwn(body, 'validationTokens') || (Array.isArray(items) && items.some(isRich));
}

async function tokensVerdict(
  { applications, issuers }: Scheme,
  body: JsonObject,
  good: InboundVerdict,
  now: number,
): Promise<InboundVerdict> {
  if (issuers === null || applications.length === 0) {
    return refuse('key_unavailable', 'Notifications with data need config.app_id and tenant_id.');
  }
  const tokens = body['validationTokens'];
  if (!Array.isArray(tokens) || tokens.length === 0) {
    return refuse('missing_signature', 'Notifications with data come without validationTokens.');
  }
  const texts = tokens.filter((token) => typeof token === 'string');
  if (texts.length !== tokens.length || tokens.length > MAX_TOKENS) {
    return refuse(
      'malformed_signature',
      `validationTokens is no list of up to ${MAX_TOKENS} texts.`,
    );
  }
  const rules = { issuers, audiences: applications, params: { algorithm: 'RS256' } } as const;
  const verdicts = await Promise.all(texts.map((text) => verifyToken(text, rules, now)));
  return verdicts.find((verdict) => !verdict.ok) ?? good;
}
