/** Asks a target whether it wants our events, the way its payload format suggests. */
import type { HttpResult, ResponseResult } from '../../domain/attempt-result.ts';
import type { ChallengeOutcome } from '../../domain/challenge.ts';
import { targetOf } from '../../domain/destination.ts';
import { MAX_CHALLENGE_MS } from '../../domain/limits.ts';
import { statusPhrase } from '../../domain/status-phrase.ts';
import type { Subscription } from '../../domain/subscription.ts';
import type { Egress, EgressRequest } from '../../egress/port.ts';
import { answersChallenge, challengeBody } from '../../protocol/challenge.ts';
import {
  HEADER_ALLOWED_ORIGIN,
  HEADER_ALLOWED_RATE,
  HEADER_CONTENT_TYPE,
  HEADER_REQUEST_ORIGIN,
  HEADER_REQUEST_RATE,
  HEADER_USER_AGENT,
  HEADER_WEBHOOK_ID,
  HEADER_WEBHOOK_TIMESTAMP,
} from '../../protocol/headers.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { accessHeaders } from './plan.ts';
import { prepareSignatures, pushSignatures } from './signatures.ts';
import { createTargetSender, type TargetSender } from './target-sender.ts';

const TOKEN_BYTES = 32;
const ID_BYTES = 12;

export interface ChallengerOptions {
  readonly egress: Pick<Egress, 'send'>;
  /** `Bellwire/x.y`. */
  readonly userAgent: string;
  /** A DNS name that stands for all of this Bellwire: `hooks.example.com`. */
  readonly origin: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Never rejects: whatever goes wrong is why the challenge has not passed. */
export type Challenger = (subscription: Subscription) => Promise<ChallengeOutcome>;

export function createChallenger(options: ChallengerOptions): Challenger {
  const send = createTargetSender(options.egress);
  return (subscription) =>
    subscription.payloadFormat.startsWith('cloudevents')
      ? handshake(options, send, subscription)
      : echo(options, send, subscription);
}

/** Standard Webhooks signs it like an event; only the body differs. */
async function echo(
  { userAgent, clock, random }: ChallengerOptions,
  send: TargetSender,
  subscription: Subscription,
): Promise<ChallengeOutcome> {
  const token = Buffer.from(random.bytes(TOKEN_BYTES)).toString('base64url');
  const id = `challenge_${Buffer.from(random.bytes(ID_BYTES)).toString('hex')}`;
  const now = clock.now();
  const timestamp = Math.floor(now / 1000);
  const body = challengeBody(token);
  const headers = [
    HEADER_CONTENT_TYPE,
    'application/json',
    HEADER_USER_AGENT,
    userAgent,
    ...accessHeaders(subscription),
    HEADER_WEBHOOK_ID,
    id,
    HEADER_WEBHOOK_TIMESTAMP,
    String(timestamp),
  ];
  pushSignatures(headers, prepareSignatures(subscription, now), { id, timestamp, body });
  const result = await ask(send, subscription, { method: 'POST', headers, body }, now);
  const failure = echoFailure(result, token);
  return failure === undefined
    ? { ok: true, method: 'echo', origin: null }
    : { ok: false, method: 'echo', failure };
}

function echoFailure(result: HttpResult, token: string): string | undefined {
  if (result.kind === 'failure') return result.detail;
  const isSuccess = result.status >= 200 && result.status < 300;
  if (!isSuccess) return answered(result);
  return answersChallenge(result.body, token)
    ? undefined
    : `${answered(result)}, but its body is not the token of the challenge`;
}

/** CloudEvents, "HTTP 1.1 Web Hooks", §4 "Abuse Protection". The status tells nothing there. */
async function handshake(
  { userAgent, clock, origin }: ChallengerOptions,
  send: TargetSender,
  subscription: Subscription,
): Promise<ChallengeOutcome> {
  const { rateLimit } = subscription;
  const rate = rateLimit === null ? null : Math.max(1, Math.round(rateLimit * 60));
  const headers = [
    HEADER_USER_AGENT,
    userAgent,
    ...accessHeaders(subscription),
    HEADER_REQUEST_ORIGIN,
    origin,
    ...(rate === null ? [] : [HEADER_REQUEST_RATE, String(rate)]),
  ];
  const request = { method: 'OPTIONS', headers, body: null } as const;
  const result = await ask(send, subscription, request, clock.now());
  const failure = handshakeFailure(result, origin, rate);
  return failure === undefined
    ? { ok: true, method: 'options', origin }
    : { ok: false, method: 'options', failure };
}

function handshakeFailure(
  result: HttpResult,
  origin: string,
  rate: number | null,
): string | undefined {
  if (result.kind === 'failure') return result.detail;
  const allowed = result.headers[HEADER_ALLOWED_ORIGIN]?.trim().toLowerCase();
  if (allowed === undefined) return `${answered(result)} without WebHook-Allowed-Origin`;
  if (allowed !== '*' && allowed !== origin.toLowerCase()) {
    return `the target allows another origin than ${origin}`;
  }
  const allowedRate = Number(result.headers[HEADER_ALLOWED_RATE] ?? Number.NaN);
  return rate !== null && allowedRate < rate
    ? `the target allows ${allowedRate} events a minute, which is less than the rate_limit`
    : undefined;
}

function ask(
  send: TargetSender,
  subscription: Subscription,
  request: Pick<EgressRequest, 'method' | 'headers' | 'body'>,
  now: number,
): Promise<HttpResult> {
  const { destination, timeoutMs, tenant } = subscription;
  const limits = {
    url: new URL(targetOf(destination)),
    timeoutMs: Math.min(timeoutMs, MAX_CHALLENGE_MS),
    // Connections of its own: behind the deliveries to that host it might never get its turn.
    maxConnections: 4,
    poolScope: `${tenant} challenge`,
  };
  return new Promise((resolve) => {
    send(subscription, { ...request, ...limits }, now, resolve);
  });
}

function answered({ status }: ResponseResult): string {
  return `the target answered ${statusPhrase(status)}`;
}
