/**
 * The `x-agent-signature` scheme: lowercase hex HMAC-SHA256 of the raw body, keyed with the UTF-8
 * bytes of the secret as it was shown. It covers neither time nor id header, so a receiver that can
 * check Standard Webhooks should, and must dedupe by the `webhook_id` inside the signed body.
 */
import { HmacSha256Key, sameText } from '../hmac.ts';
import { agentKey } from '../secrets.ts';

export type AgentVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'missing' | 'malformed' | 'mismatch' };

const LOWERCASE_SHA256_HEX = /^[0-9a-f]{64}$/;

/** @returns 64 lowercase hex characters. */
export function signAgent(key: HmacSha256Key, body: Uint8Array): string {
  return key.hex(body);
}

/** @throws TypeError for an empty secret. */
export function agentKeys(secrets: readonly string[]): readonly HmacSha256Key[] {
  return secrets.map((secret) => new HmacSha256Key(agentKey(secret)));
}

/** Like `verifyAgent`, for callers that keep the keys. */
export function verifyAgentWith(
  keys: readonly HmacSha256Key[],
  signature: string | undefined,
  body: Uint8Array,
): AgentVerdict {
  if (!signature) return { ok: false, reason: 'missing' };
  if (!LOWERCASE_SHA256_HEX.test(signature)) return { ok: false, reason: 'malformed' };
  let matches = false;
  for (const key of keys) matches = sameText(key.hex(body), signature) || matches;
  return matches ? { ok: true } : { ok: false, reason: 'mismatch' };
}

/**
 * Checks one received body against every live secret.
 *
 * @throws TypeError for an empty secret.
 */
export function verifyAgent(input: {
  readonly secrets: readonly string[];
  readonly signature: string | undefined;
  readonly body: Uint8Array;
}): AgentVerdict {
  return verifyAgentWith(agentKeys(input.secrets), input.signature, input.body);
}
