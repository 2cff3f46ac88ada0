/** What errors of NATS mean for a delivery. They are told apart by name, without its packages. */
import { BrokerFailure, type PublishOutcome } from '../broker/adapter.ts';

/** Error codes of the JetStream API. */
const MESSAGE_TOO_LARGE = 10_054;
/** The stream is sealed, or takes no messages like this one whoever sends them. */
const NEVER_TAKEN: ReadonlySet<number> = new Set([MESSAGE_TOO_LARGE, 10_109]);

export function publishFailure(error: unknown, subject: string): PublishOutcome {
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : '';
  if (name === 'JetStreamNotEnabled' || name === 'NoRespondersError') {
    const detail = `no stream listens to the subject "${subject}", or it has no leader just now`;
    return { taken: false, reason: 'overloaded', detail };
  }
  if (name === 'PermissionViolationError') {
    const detail = `the user may not publish to the subject "${subject}"`;
    return { taken: false, reason: 'auth_failed', detail };
  }
  if (name === 'InvalidArgumentError' && message.includes('max_payload')) {
    return { taken: false, reason: 'rejected', detail: TOO_LARGE };
  }
  if (name === 'TimeoutError') {
    return { taken: false, reason: 'timeout', detail: 'the stream did not acknowledge in time' };
  }
  if (name === 'JetStreamApiError') {
    const code = apiCode(error);
    const reason = NEVER_TAKEN.has(code) ? 'rejected' : 'overloaded';
    const detail = code === MESSAGE_TOO_LARGE ? TOO_LARGE : `the stream refused it: ${message}`;
    return { taken: false, reason, detail };
  }
  return { taken: false, reason: 'reset', detail: 'the message could not be handed to the broker' };
}

const TOO_LARGE = 'the broker takes no message of this size';

function apiCode(error: unknown): number {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : 0;
  return typeof code === 'number' ? code : 0;
}

/** Undefined for what is an error of the socket. */
export function connectFailure(error: unknown): BrokerFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, cause } = error;
  if (name === 'AuthorizationError' || name === 'UserAuthenticationExpiredError') {
    return new BrokerFailure('auth_failed', 'the broker does not take the credentials');
  }
  if (name === 'InvalidArgumentError' && message.includes('tls')) {
    return new BrokerFailure('tls', 'the broker does not speak TLS, which tls:// asks for');
  }
  if (name === 'TimeoutError') {
    return new BrokerFailure('connect', 'the broker did not answer in time');
  }
  if (/tls/i.test(message) && message.includes('required')) {
    return new BrokerFailure('tls', 'the broker asks for TLS: write tls:// in the URL');
  }
  // The client wraps errors of the socket.
  if (cause instanceof Error) {
    const failure = new BrokerFailure('connect', 'the broker refused the connection');
    return 'code' in cause && cause.code === 'ECONNREFUSED' ? failure : connectFailure(cause);
  }
  return undefined;
}
