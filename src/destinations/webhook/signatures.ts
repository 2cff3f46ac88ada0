/** The signatures of one request: by each live secret, under each scheme that was chosen. */
import type { KeyObject } from 'node:crypto';
import type { HeaderSignature } from '../../domain/signature-choices.ts';
import {
  isKeyPair,
  sharedSecrets,
  standardSigners,
  unexpired,
} from '../../domain/signing-secrets.ts';
import type { Subscription } from '../../domain/subscription.ts';
import {
  HEADER_AGENT_SIGNATURE,
  HEADER_AGENT_SIGNATURE_PREVIOUS,
  HEADER_WEBHOOK_SIGNATURE,
} from '../../protocol/headers.ts';
import { HmacSha256Key } from '../../protocol/hmac.ts';
import { signAgent } from '../../protocol/schemes/agent.ts';
import { signStandard, signStandardEd25519 } from '../../protocol/schemes/standard.ts';
import {
  signTemplate,
  templateKey,
  type SignatureTemplate,
  type SignedValues,
} from '../../protocol/schemes/template.ts';
import { PREVIOUS_SUFFIX, TEMPLATES } from '../../protocol/schemes/templates.ts';
import { agentKey, ed25519PrivateKey, standardKey } from '../../protocol/secrets.ts';

/** Keys of the secrets that were live when it was prepared, newest first. */
export interface PreparedSignatures {
  readonly standard: readonly (HmacSha256Key | KeyObject)[];
  /** Keyed by the newest secret and the one before. */
  readonly agent: readonly HmacSha256Key[];
  readonly flavours: readonly PreparedFlavour[];
}

interface PreparedFlavour {
  readonly header: string;
  readonly template: SignatureTemplate;
  readonly keys: readonly HmacSha256Key[];
}

export interface SignedRequest {
  readonly id: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/** @param now milliseconds; what has ended by then does not sign. */
export function prepareSignatures(subscription: Subscription, now: number): PreparedSignatures {
  const { signatures, signing } = subscription;
  const live = unexpired(subscription.secrets, now);
  const shared = sharedSecrets(live).map(({ text }) => text);
  return {
    standard: signatures.includes('standard')
      ? standardSigners(live, signing).map((secret) =>
          isKeyPair(secret)
            ? ed25519PrivateKey(secret.text)
            : new HmacSha256Key(standardKey(secret.text)),
        )
      : [],
    agent: signatures.includes('agent')
      ? shared.slice(0, 2).map((text) => new HmacSha256Key(agentKey(text)))
      : [],
    flavours: signatures
      .filter((signature) => typeof signature !== 'string')
      .map((signature) => prepareFlavour(signature, shared)),
  };
}

function prepareFlavour({ scheme, header }: HeaderSignature, shared: readonly string[]) {
  const template = TEMPLATES[scheme];
  return { header, template, keys: shared.map((text) => templateKey(template, text)) };
}

/** Adds the signatures to a flat list of headers: name, value, name, value … */
export function pushSignatures(
  headers: string[],
  prepared: PreparedSignatures,
  request: SignedRequest,
): void {
  const { standard, agent, flavours } = prepared;
  const { id, timestamp, body } = request;
  if (standard.length > 0) {
    headers.push(HEADER_WEBHOOK_SIGNATURE, standardSignature(standard, id, timestamp, body));
  }
  const [newest, previous] = agent;
  if (newest !== undefined) headers.push(HEADER_AGENT_SIGNATURE, signAgent(newest, body));
  if (previous !== undefined) {
    headers.push(HEADER_AGENT_SIGNATURE_PREVIOUS, signAgent(previous, body));
  }
  if (flavours.length === 0) return;
  const values = { id, timestamp: String(timestamp), body };
  for (const flavour of flavours) pushFlavour(headers, flavour, values);
}

function pushFlavour(headers: string[], flavour: PreparedFlavour, values: SignedValues): void {
  const { header, template, keys } = flavour;
  if (keys.length === 0) return;
  headers.push(header, signTemplate(template, keys, values));
  if (template.separator !== null || keys.length === 1) return;
  headers.push(header + PREVIOUS_SUFFIX, signTemplate(template, keys.slice(1), values));
}

/** One signature for each live secret, space separated (Standard Webhooks, "Signature scheme"). */
function standardSignature(
  keys: readonly (HmacSha256Key | KeyObject)[],
  id: string,
  timestamp: number,
  body: Uint8Array,
): string {
  const [first] = keys;
  if (keys.length === 1 && first !== undefined) return signWith(first, id, timestamp, body);
  return keys.map((key) => signWith(key, id, timestamp, body)).join(' ');
}

function signWith(
  key: HmacSha256Key | KeyObject,
  id: string,
  timestamp: number,
  body: Uint8Array,
): string {
  return key instanceof HmacSha256Key
    ? signStandard(key, id, timestamp, body)
    : signStandardEd25519(key, id, timestamp, body);
}
