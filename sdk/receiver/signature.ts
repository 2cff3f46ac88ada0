/** Chooses the scheme by the headers that are there, and never falls back to a weaker one. */
import {
  HEADER_AGENT_SIGNATURE,
  HEADER_AGENT_SIGNATURE_PREVIOUS,
  HEADER_WEBHOOK_ID,
  HEADER_WEBHOOK_SIGNATURE,
  HEADER_WEBHOOK_TIMESTAMP,
} from '../../src/protocol/headers.ts';
import { agentKeys, verifyAgentWith } from '../../src/protocol/schemes/agent.ts';
import { standardKeys, verifyStandardWith } from '../../src/protocol/schemes/standard.ts';
import type { StandardFailure } from '../../src/protocol/schemes/standard.ts';
import {
  coversTime,
  templateKey,
  verifyTemplateWith,
} from '../../src/protocol/schemes/template.ts';
import { PREVIOUS_SUFFIX, TEMPLATES } from '../../src/protocol/schemes/templates.ts';
import type { TemplateName } from '../../src/protocol/schemes/templates.ts';
import { PUBLIC_KEY_PREFIX } from '../../src/protocol/secrets.ts';
import type { HeaderLookup } from './header-lookup.ts';
import type { RefusalReason } from './replies.ts';

/** A second signature that the sender puts under a header of its own. */
export interface HeaderScheme {
  /** `stripe`: `t=…,v1=…`. `github`: `sha256=…`, which covers no timestamp. */
  readonly scheme: TemplateName;
  readonly header: string;
}

/** `standard`: the `webhook-*` headers. `agent`: `x-agent-signature`, which covers no timestamp. */
export type OwnScheme = 'standard' | 'agent' | HeaderScheme;

/** Whether a scheme is one of these, and no provider's. */
export function isOwnScheme(scheme: string | object): scheme is OwnScheme {
  if (typeof scheme === 'string') return scheme === 'standard' || scheme === 'agent';
  return 'header' in scheme && 'scheme' in scheme;
}

export interface SignatureOptions {
  readonly secrets: readonly string[];
  readonly schemes: readonly OwnScheme[];
  readonly toleranceSeconds: number | undefined;
}

export interface SignatureCheck {
  /** Whether there is anything to verify; asked before the body is read. */
  isSigned(header: HeaderLookup): boolean;
  /** `undefined` when the signature is right. */
  problem(header: HeaderLookup, body: Uint8Array, nowMs: number): RefusalReason | undefined;
}

interface SchemeCheck extends SignatureCheck {
  /** The one of more strength decides where several are present. */
  readonly strength: number;
}

type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: StandardFailure };

const REASON_OF: Record<StandardFailure, RefusalReason> = {
  missing: 'missing_signature',
  malformed: 'wrong_signature',
  mismatch: 'wrong_signature',
  stale: 'stale_timestamp',
  future: 'future_timestamp',
};

/** @throws TypeError for secrets that are missing, empty or broken. */
export function signatureCheck(options: SignatureOptions): SignatureCheck {
  if (options.secrets.length === 0) throw new TypeError('A receiver needs at least one secret');
  if (options.schemes.length === 0) throw new TypeError('A receiver needs at least one scheme');
  const checks = options.schemes
    .map((scheme) => checkOf(scheme, options))
    .toSorted((a, b) => b.strength - a.strength);
  return {
    isSigned: (header) => checks.some((check) => check.isSigned(header)),
    problem(header, body, nowMs) {
      const check = checks.find((candidate) => candidate.isSigned(header));
      return check === undefined ? 'missing_signature' : check.problem(header, body, nowMs);
    },
  };
}

function checkOf(scheme: OwnScheme, options: SignatureOptions): SchemeCheck {
  if (scheme === 'standard') return standardCheck(options);
  if (scheme === 'agent') return agentCheck(options);
  return headerCheck(scheme, options);
}

function standardCheck({ secrets, toleranceSeconds }: SignatureOptions): SchemeCheck {
  const keys = standardKeys(secrets);
  return {
    strength: 3,
    isSigned: (header) => header(HEADER_WEBHOOK_SIGNATURE) !== undefined,
    problem: (header, body, nowMs) =>
      reasonOf(
        verifyStandardWith(keys, {
          id: header(HEADER_WEBHOOK_ID),
          timestamp: header(HEADER_WEBHOOK_TIMESTAMP),
          signatureHeader: header(HEADER_WEBHOOK_SIGNATURE),
          body,
          nowSeconds: Math.floor(nowMs / 1000),
          toleranceSeconds,
        }),
      ),
  };
}

function agentCheck({ secrets }: SignatureOptions): SchemeCheck {
  const keys = agentKeys(sharedOf(secrets));
  return {
    strength: 0,
    ...eitherHeader(HEADER_AGENT_SIGNATURE, HEADER_AGENT_SIGNATURE_PREVIOUS, (value, body) =>
      verifyAgentWith(keys, value, body),
    ),
  };
}

function headerCheck(
  { scheme, header: name }: HeaderScheme,
  { secrets, toleranceSeconds }: SignatureOptions,
): SchemeCheck {
  const template = TEMPLATES[scheme];
  const keys = sharedOf(secrets).map((secret) => templateKey(template, secret));
  return {
    strength: coversTime(template) ? 2 : 1,
    ...eitherHeader(
      name.toLowerCase(),
      name.toLowerCase() + PREVIOUS_SUFFIX,
      (value, body, nowMs) =>
        verifyTemplateWith(template, keys, {
          header: value,
          body,
          nowSeconds: Math.floor(nowMs / 1000),
          toleranceSeconds,
        }),
    ),
  };
}

/** The secret before the newest signs under a name of its own, where a header holds one value. */
function eitherHeader(
  newest: string,
  previous: string,
  verify: (value: string | undefined, body: Uint8Array, nowMs: number) => Verdict,
): SignatureCheck {
  return {
    isSigned: (header) => header(newest) !== undefined || header(previous) !== undefined,
    problem(header, body, nowMs) {
      const first = verify(header(newest), body, nowMs);
      const second = header(previous);
      if (first.ok || second === undefined) return reasonOf(first);
      return reasonOf(verify(second, body, nowMs));
    },
  };
}

/** An ed25519 key verifies `webhook-signature` alone. */
function sharedOf(secrets: readonly string[]): string[] {
  return secrets.filter((secret) => !secret.startsWith(PUBLIC_KEY_PREFIX));
}

function reasonOf(verdict: Verdict): RefusalReason | undefined {
  return verdict.ok ? undefined : REASON_OF[verdict.reason];
}
