/** Makes requests as Bellwire sends them, for tests of receivers. */
import { buildEnvelope } from '../../src/protocol/envelope.ts';
import {
  HEADER_AGENT_SIGNATURE,
  HEADER_CONTENT_TYPE,
  HEADER_WEBHOOK_ID,
  HEADER_WEBHOOK_SIGNATURE,
  HEADER_WEBHOOK_TIMESTAMP,
} from '../../src/protocol/headers.ts';
import { HmacSha256Key } from '../../src/protocol/hmac.ts';
import { signAgent } from '../../src/protocol/schemes/agent.ts';
import { signStandard } from '../../src/protocol/schemes/standard.ts';
import { agentKey, standardKey } from '../../src/protocol/secrets.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';

export const TEST_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const TEST_NOW_MS = 1_775_736_000_000;

/** Stands still at `TEST_NOW_MS`; its timers are real. */
export const clock: Clock = { now: () => TEST_NOW_MS, setTimer: systemClock.setTimer };

export interface SignedRequest {
  readonly headers: Record<string, string>;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface SigningOptions {
  readonly secret?: string;
  readonly timestampSeconds?: number;
  readonly schemes?: readonly ('standard' | 'agent')[];
}

export function eventBody(id: string, dataText = '{"ok":true}'): Uint8Array<ArrayBuffer> {
  const timestamp = new Date(TEST_NOW_MS).toISOString();
  return utf8(buildEnvelope({ id, eventType: 'task.completed', timestamp, dataText }));
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Any bytes, signed rightly. */
export function signed(
  id: string,
  body: Uint8Array<ArrayBuffer>,
  options: SigningOptions = {},
): SignedRequest {
  const { secret = TEST_SECRET, schemes = ['standard', 'agent'] } = options;
  const at = options.timestampSeconds ?? TEST_NOW_MS / 1000;
  const headers: Record<string, string> = {
    [HEADER_CONTENT_TYPE]: 'application/json',
    [HEADER_WEBHOOK_ID]: id,
    [HEADER_WEBHOOK_TIMESTAMP]: String(at),
  };
  if (schemes.includes('standard')) {
    const key = new HmacSha256Key(standardKey(secret));
    headers[HEADER_WEBHOOK_SIGNATURE] = signStandard(key, id, at, body);
  }
  if (schemes.includes('agent')) {
    headers[HEADER_AGENT_SIGNATURE] = signAgent(new HmacSha256Key(agentKey(secret)), body);
  }
  return { headers, body };
}

/** A good request for a small event. */
export function signedEvent(id: string, options: SigningOptions = {}): SignedRequest {
  return signed(id, eventBody(id), options);
}
