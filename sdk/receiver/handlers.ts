/** Which handlers an event has, and how they are tried. */
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import { compilePattern } from './patterns.ts';
import type { Run } from './queue.ts';

/**
 * May run more than once for one event: when it failed, and when the sender repeated the event
 * after the dedupe had forgotten it. Make it idempotent.
 */
export type Handler = (event: WebhookEvent) => unknown;

/** Keys are patterns; every handler whose pattern matches is run, in the order written. */
export type Handlers = Readonly<Record<string, Handler>>;

/** @throws TypeError for a pattern that is not valid. */
export function compileHandlers(handlers: Handlers): (event: WebhookEvent) => Run {
  const routes = Object.entries(handlers).map(([pattern, handler]) => ({
    matches: compilePattern(pattern),
    handler,
  }));
  return (event) => {
    const matching = routes.filter((route) => route.matches(event.event_type));
    return runOf(event, new Set(matching.map((route) => route.handler)));
  };
}

/** One failing handler doesn't keep the others from running. */
function runOf(event: WebhookEvent, left: Set<Handler>): Run {
  return async () => {
    const errors: unknown[] = [];
    for (const handler of left) {
      try {
        await handler(event);
        left.delete(handler);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} handlers failed`);
  };
}
