/** Between the wire and the settings: credentials and client certificate of a subscription. */
import type { z } from 'zod';
import {
  certificateFacts,
  checkClientCertificate,
  type CertificateProblem,
  type ClientCertificate,
} from '../../domain/client-certificate.ts';
import { clashingHeader } from '../../domain/signature-choices.ts';
import { webhookUrl } from '../../domain/destination.ts';
import type { SubscriptionSettings } from '../../domain/subscription.ts';
import type { TargetAuth } from '../../domain/target-auth.ts';
import { isoTime } from '../common-schema.ts';
import type { TargetCheck } from '../deps.ts';
import { invalid, Problem, sentence, type ProblemPart } from '../problems.ts';
import type { TargetAccessInput, targetAccessOutput } from './target-access-schema.ts';

interface Rules {
  readonly checkTarget: (text: string) => TargetCheck;
  /** Milliseconds. */
  readonly now: number;
}

/**
 * The settings with credentials and certificate replaced where the caller gave them, and with the
 * rest held against them.
 *
 * @throws Problem `target_not_allowed` or `validation_failed`
 */
export function withTargetAccess(
  settings: SubscriptionSettings,
  input: TargetAccessInput,
  { checkTarget, now }: Rules,
): SubscriptionSettings {
  const { auth, client_certificate: certificate } = input;
  const changed = {
    ...settings,
    auth: auth === undefined ? settings.auth : auth && authOf(auth, checkTarget),
    clientCertificate:
      certificate === undefined
        ? settings.clientCertificate
        : certificate && certificateOf(certificate, now),
  };
  refuseSecondAuthorization(changed, input);
  if (changed.clientCertificate !== null && webhookUrl(changed.destination)?.startsWith('http:')) {
    const detail = 'works with an https target only';
    throw invalid({ pointer: '/client_certificate', code: 'https_required', detail });
  }
  return changed;
}

function authOf(
  input: NonNullable<TargetAccessInput['auth']>,
  checkTarget: Rules['checkTarget'],
): TargetAuth {
  if (input.kind !== 'oauth2') return input;
  const check = checkTarget(input.token_url);
  if (!check.ok) {
    const part = { pointer: '/auth/token_url', detail: check.reason, code: check.code };
    throw new Problem('target_not_allowed', sentence(part), { errors: [part] });
  }
  return {
    kind: 'oauth2',
    tokenUrl: check.url.href,
    clientId: input.client_id,
    clientSecret: input.client_secret,
    scope: input.scope ?? null,
    audience: input.audience ?? null,
    clientAuth: input.client_auth ?? 'basic',
  };
}

const MEMBERS: Readonly<Record<CertificateProblem['field'], string>> = {
  certificate: 'certificate',
  privateKey: 'private_key',
  ca: 'ca',
};

function certificateOf(
  input: NonNullable<TargetAccessInput['client_certificate']>,
  now: number,
): ClientCertificate {
  const { certificate, private_key: privateKey, ca = null } = input;
  const wanted = { certificate, privateKey, ca };
  const problem = checkClientCertificate(wanted, now);
  if (problem === undefined) return wanted;
  const pointer = `/client_certificate/${MEMBERS[problem.field]}`;
  throw invalid({ pointer, code: 'invalid_certificate', detail: problem.reason });
}

function refuseSecondAuthorization(
  { auth, headers, signatures }: SubscriptionSettings,
  input: TargetAccessInput,
): void {
  if (auth === null) return;
  const isCustom = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const isSignature = clashingHeader(signatures, ['authorization']) !== undefined;
  if (!isCustom && !isSignature) return;
  const other = isCustom ? 'headers' : 'signatures';
  const part: ProblemPart =
    input.auth === undefined
      ? { pointer: `/${other}`, code: 'conflicting_field', detail: 'auth writes Authorization' }
      : { pointer: '/auth', code: 'conflicting_field', detail: `${other} write Authorization` };
  throw invalid(part);
}

type Output = z.output<z.ZodObject<typeof targetAccessOutput>>;

/** What of them may be read. */
export function targetAccessJson({
  auth,
  clientCertificate,
}: Pick<SubscriptionSettings, 'auth' | 'clientCertificate'>): Output {
  return {
    auth: auth && authJson(auth),
    client_certificate: clientCertificate && certificateJson(clientCertificate),
  };
}

function authJson(auth: TargetAuth): Output['auth'] {
  if (auth.kind === 'bearer') return { kind: 'bearer' };
  if (auth.kind === 'basic') return { kind: 'basic', username: auth.username };
  const { tokenUrl, clientId, scope, audience, clientAuth } = auth;
  return {
    kind: 'oauth2',
    token_url: tokenUrl,
    client_id: clientId,
    scope,
    audience,
    client_auth: clientAuth,
  };
}

function certificateJson(certificate: ClientCertificate): Output['client_certificate'] {
  const { fingerprint, subject, expiresAt } = certificateFacts(certificate);
  return { fingerprint, subject, expires_at: isoTime(expiresAt) };
}
