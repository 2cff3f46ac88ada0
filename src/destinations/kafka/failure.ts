/** What the Kafka client reports, reduced to a reason of the closed list. */
import type { TransportFailure } from '../../domain/attempt-result.ts';

export interface KafkaFailure {
  readonly reason: TransportFailure;
  /** One sentence for a person; holds no address and no secret. */
  readonly detail: string;
  /** True when it is about the topic, whatever the message. */
  readonly isOfTopic?: boolean;
}

/** What only a person can mend; names of the protocol's error codes. */
const AUTH: ReadonlySet<string> = new Set([
  'CLUSTER_AUTHORIZATION_FAILED',
  'ILLEGAL_SASL_STATE',
  'SASL_AUTHENTICATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
]);

const NO_TOPIC = 'the cluster knows no such topic';

/** What no later try changes: it is about the message or the topic. */
const REJECTED: Readonly<Record<string, string>> = {
  INVALID_RECORD: 'the topic does not take such messages (INVALID_RECORD)',
  INVALID_TOPIC_EXCEPTION: 'the cluster does not take messages for a topic of this name',
  MESSAGE_TOO_LARGE: 'the message is larger than the topic takes (MESSAGE_TOO_LARGE)',
  POLICY_VIOLATION: 'a policy of the cluster forbids it (POLICY_VIOLATION)',
  RECORD_LIST_TOO_LARGE: 'the message is larger than the topic takes (RECORD_LIST_TOO_LARGE)',
  UNKNOWN_TOPIC_OR_PARTITION: NO_TOPIC,
};

const OF_TOPIC: ReadonlySet<string> = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

const CONNECT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)|^EPROTO$/;

/** Errors hold errors; more than this are of no further help. */
const MAX_ERRORS = 64;

/** @param error whatever `send` rejected with. */
export function kafkaFailure(error: unknown): KafkaFailure {
  const all = flatten(error);
  return (
    firstOf(all, ofGuard) ??
    firstOf(all, ofProtocol) ??
    firstOf(all, ofTransport) ?? {
      reason: 'reset',
      detail: 'the connection to the broker broke before it had confirmed the message',
    }
  );
}

interface Known {
  readonly reason?: unknown;
  readonly detail?: unknown;
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** Depth first, the error itself before what it holds. */
function flatten(error: unknown): Known[] {
  const found: Known[] = [];
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && found.length < MAX_ERRORS) {
    const next = waiting.shift();
    if (typeof next !== 'object' || next === null) continue;
    const known: Known = next;
    found.push(known);
    waiting.unshift(...(Array.isArray(known.errors) ? known.errors : []), known.cause);
  }
  return found;
}

function firstOf(
  errors: readonly Known[],
  explain: (error: Known) => KafkaFailure | undefined,
): KafkaFailure | undefined {
  for (const error of errors) {
    const failure = explain(error);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Of the rules of egress, told in its own words. */
const GUARD_REASONS = ['blocked', 'dns', 'timeout', 'connect'] as const;

function ofGuard({ reason: told, message }: Known): KafkaFailure | undefined {
  const reason = GUARD_REASONS.find((known) => known === told);
  return reason && { reason, detail: String(message) };
}

function ofProtocol({ apiId, code, message }: Known): KafkaFailure | undefined {
  if (code === 'PLT_KFK_AUTHENTICATION') {
    return { reason: 'auth_failed', detail: 'the broker does not take the credentials' };
  }
  // The client says this in words alone.
  if (code === 'PLT_KFK_USER' && String(message).startsWith('Unknown topic')) {
    return { reason: 'rejected', detail: NO_TOPIC, isOfTopic: true };
  }
  if (typeof apiId !== 'string') return undefined;
  if (AUTH.has(apiId)) {
    return { reason: 'auth_failed', detail: `the cluster does not let us write there (${apiId})` };
  }
  const rejection = Object.hasOwn(REJECTED, apiId) ? REJECTED[apiId] : undefined;
  if (rejection !== undefined) {
    return { reason: 'rejected', detail: rejection, isOfTopic: OF_TOPIC.has(apiId) };
  }
  return { reason: 'overloaded', detail: `the cluster takes no messages just now (${apiId})` };
}

function ofTransport({ code, message }: Known): KafkaFailure | undefined {
  const text = String(message);
  const isTls = typeof code === 'string' && TLS_CODE.test(code);
  if (isTls || text.startsWith('TLS handshake failed') || text === 'Broker requires TLS.') {
    const detail =
      text === 'Broker requires TLS.'
        ? 'the broker speaks TLS; set "tls": true'
        : `the TLS handshake with the broker failed (${String(code)})`;
    return { reason: 'tls', detail };
  }
  if (typeof code === 'string' && CONNECT_CODES.has(code)) {
    return { reason: 'connect', detail: `no connection to a broker could be opened (${code})` };
  }
  if (/timed out/.test(text)) {
    return { reason: 'timeout', detail: 'the broker did not answer in time' };
  }
  return undefined;
}
