/** Chooses the scheme by the headers that are there, and never falls back to a weaker one. */
import {
  HEADER_AGENT_SIGNATURE,
  HEADER_WEBHOOK_ID,
  HEADER_WEBHOOK_SIGNATURE,
  HEADER_WEBHOOK_TIMESTAMP,
} from '../../src/protocol/headers.ts';
import { agentKeys, verifyAgentWith } from '../../src/protocol/schemes/agent.ts';
import { standardKeys, verifyStandardWith } from '../../src/protocol/schemes/standard.ts';
import type { StandardFailure } from '../../src/protocol/schemes/standard.ts';
import { PUBLIC_KEY_PREFIX } from '../../src/protocol/secrets.ts';
import type { HeaderLookup } from './header-lookup.ts';
import type { RefusalReason } from './replies.ts';

/** `standard`: the `webhook-*` headers. `agent`: `x-agent-signature`, which covers no timestamp. */
export type Scheme = 'standard' | 'agent';

export interface SignatureOptions {
  readonly secrets: readonly string[];
  readonly schemes: readonly Scheme[];
  readonly toleranceSeconds: number | undefined;
}

export interface SignatureCheck {
  /** Whether there is anything to verify; asked before the body is read. */
  isSigned(header: HeaderLookup): boolean;
  /** `undefined` when the signature is right. */
  problem(header: HeaderLookup, body: Uint8Array, nowMs: number): RefusalReason | undefined;
}

const REASON_OF: Record<StandardFailure, RefusalReason> = {
  missing: 'missing_signature',
  malformed: 'wrong_signature',
  mismatch: 'wrong_signature',
  stale: 'stale_timestamp',
  future: 'future_timestamp',
};

/** @throws TypeError for secrets that are missing, empty or broken. */
export function signatureCheck(options: SignatureOptions): SignatureCheck {
  const { secrets, toleranceSeconds } = options;
  if (secrets.length === 0) throw new TypeError('A receiver needs at least one secret');
  if (options.schemes.length === 0) throw new TypeError('A receiver needs at least one scheme');
  const standard = standardKeys(secrets);
  const agent = agentKeys(secrets.filter((secret) => !secret.startsWith(PUBLIC_KEY_PREFIX)));
  const takesStandard = options.schemes.includes('standard');
  const takesAgent = options.schemes.includes('agent');
  const hasStandard = (header: HeaderLookup) =>
    takesStandard && header(HEADER_WEBHOOK_SIGNATURE) !== undefined;
  const hasAgent = (header: HeaderLookup) =>
    takesAgent && header(HEADER_AGENT_SIGNATURE) !== undefined;
  return {
    isSigned: (header) => hasStandard(header) || hasAgent(header),
    problem(header, body, nowMs) {
      if (!hasStandard(header)) {
        const verdict = verifyAgentWith(agent, header(HEADER_AGENT_SIGNATURE), body);
        return verdict.ok ? undefined : REASON_OF[verdict.reason];
      }
      const verdict = verifyStandardWith(standard, {
        id: header(HEADER_WEBHOOK_ID),
        timestamp: header(HEADER_WEBHOOK_TIMESTAMP),
        signatureHeader: header(HEADER_WEBHOOK_SIGNATURE),
        body,
        nowSeconds: Math.floor(nowMs / 1000),
        toleranceSeconds,
      });
      return verdict.ok ? undefined : REASON_OF[verdict.reason];
    },
  };
}
