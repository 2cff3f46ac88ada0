/** What the reply codes of AMQP 0-9-1 mean for a delivery. */
import type { RabbitmqDestination } from '../../domain/destination.ts';
import { BrokerFailure, type PublishOutcome } from '../broker/adapter.ts';

const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const NOT_ALLOWED = 530;

/** PRECONDITION_FAILED: one message was larger than the broker takes. */
export const ONE_MESSAGE_TO_BLAME = 406;

/** What a channel that the broker closed means for what was published on it. */
export function closedOutcome(
  replyCode: number | null,
  { exchange }: RabbitmqDestination,
): PublishOutcome {
  switch (replyCode) {
    case NOT_FOUND:
      return rejected(`unroutable: there is no exchange "${exchange}"`);
    case ONE_MESSAGE_TO_BLAME:
      return rejected('the broker takes no message like this: it is too large');
    case ACCESS_REFUSED: {
      const detail = `the user may not publish to the exchange "${exchange}"`;
      return { taken: false, reason: 'auth_failed', detail };
    }
    default: {
      const detail = 'the connection to the broker broke before it confirmed';
      return { taken: false, reason: 'reset', detail };
    }
  }
}

function rejected(detail: string): PublishOutcome {
  return { taken: false, reason: 'rejected', detail };
}

/** Undefined for what is an error of the socket. */
export function connectFailure(error: unknown): BrokerFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message } = error;
  const code = Number(/\b(\d{3}) \(/.exec(message)?.[1]);
  if (code === ACCESS_REFUSED) {
    return new BrokerFailure('auth_failed', 'the broker does not take user and password');
  }
  if (code === NOT_ALLOWED) {
    const detail = 'the broker does not let this user into the virtual host, or there is none';
    return new BrokerFailure('auth_failed', detail);
  }
  if (message.includes('ETIMEDOUT')) {
    return new BrokerFailure('connect', 'the broker did not answer in time');
  }
  if (/Socket closed|ECONNRESET|Expected/.test(message)) {
    return new BrokerFailure('connect', 'the broker closed the connection while it was set up');
  }
  return undefined;
}
