/**
 * Writes the wide events that an operator should see in the log; what happens for each event or
 * delivery only at `debug`.
 */
import type { Logger } from 'pino';
import type { Telemetry, TelemetryEvent } from '../runtime/telemetry.ts';

export function logTelemetry(log: Logger): Telemetry {
  const debug = log.isLevelEnabled('debug');
  return {
    emit(event) {
      if (event.event === 'attempt.ended') {
        if (debug) log.debug(attemptFields(event), 'attempt ended');
      } else if (event.event === 'publication.flagged') {
        // As many as there are events; whoever publishes is told in the reply.
        if (debug) log.debug(event, 'the event catalogue flagged an event');
      } else if (event.event === 'poll.ended') {
        if (debug) log.debug(event, 'a poll ended');
      } else if (event.event === 'retention.removed') {
        log.info(event, 'events past their retention were removed');
      } else {
        log.warn(fields(event), MESSAGES[event.event]);
      }
    },
  };
}

type Usual = 'attempt.ended' | 'publication.flagged' | 'retention.removed' | 'poll.ended';
type Notable = Exclude<TelemetryEvent, { event: Usual }>;

const MESSAGES: Readonly<Record<Notable['event'], string>> = {
  'poll.failing': 'polls of a source keep failing',
  'poll.recovered': 'polls of a source work again',
  'breaker.changed': 'the circuit breaker of a target changed',
  'subscription.disabled': 'a subscription was disabled',
  'target.blocked': 'a connection was refused by the egress guard',
};

function fields(event: Notable): object {
  if (event.event === 'breaker.changed') return { ...event, target: originOf(event.target) };
  if (event.event !== 'subscription.disabled') return event;
  const { subscription, reason, at } = event;
  return { event: event.event, at, subscription: subscription.id, reason };
}

/** Many receivers keep a token in the path or the query, so only the origin is shown. */
function originOf(target: string): string {
  return URL.parse(target)?.origin ?? 'unknown';
}

function attemptFields(event: Extract<TelemetryEvent, { event: 'attempt.ended' }>): object {
  const { subscription, eventId, eventType, status, ageMs, attempt } = event;
  const { number, trigger, outcome, failureReason, detail, responseStatus, durationMs } = attempt;
  const tried = { number, trigger, outcome, failureReason, detail, responseStatus, durationMs };
  return { subscription: subscription.id, eventId, eventType, status, ageMs, ...tried };
}

/** One telemetry that feeds several. */
export function fanOutTelemetry(consumers: readonly Telemetry[]): Telemetry {
  return {
    emit(event) {
      for (const consumer of consumers) consumer.emit(event);
    },
  };
}
