/** What an event type and a pattern over event types may look like. */
import { MAX_EVENT_TYPE_CHARS, MAX_EVENT_TYPE_SEGMENTS } from './limits.ts';

/** First segment of events about the platform itself, such as `bellwire.subscription.disabled`. */
export const OPERATIONAL_SEGMENT = 'bellwire';

const SEGMENT = /^[A-Za-z0-9_-]+$/;

/** A whole event type; the number of segments is checked apart. */
const EVENT_TYPE = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** Types of so few characters can't have too many segments. */
const SHORT_CHARS = 2 * MAX_EVENT_TYPE_SEGMENTS;

/** A sentence saying what is wrong with an event type, or `undefined`. */
export function checkEventType(text: string): string | undefined {
  // Asked for every event, and nearly always the answer.
  if (text.length <= SHORT_CHARS && EVENT_TYPE.test(text)) return undefined;
  const problem = checkShape('an event type', text);
  if (problem !== undefined) return problem;
  const odd = text.split('.').find((segment) => !SEGMENT.test(segment));
  return odd === undefined ? undefined : oddPart('an event type', odd);
}

/**
 * A sentence saying what is wrong with a pattern, or `undefined`. `*` stands for exactly one
 * segment; `**`, only at the end, for one or more.
 */
export function checkEventTypePattern(text: string): string | undefined {
  const what = 'an event type pattern';
  const problem = checkShape(what, text);
  if (problem !== undefined) return problem;
  const segments = text.split('.');
  for (const [index, segment] of segments.entries()) {
    if (segment === '**') {
      if (index < segments.length - 1) return '"**" may only be the last part of a pattern';
    } else if (segment !== '*' && !SEGMENT.test(segment)) {
      return `${oddPart(what, segment)}, or "*" for one part, or "**" at the end for any number`;
    }
  }
  return undefined;
}

/** True for events about the platform itself, which only Bellwire may publish. */
export function isOperationalEventType(eventType: string): boolean {
  return eventType === OPERATIONAL_SEGMENT || eventType.startsWith(`${OPERATIONAL_SEGMENT}.`);
}

function checkShape(what: string, text: string): string | undefined {
  if (text === '') return `${what} must not be empty`;
  if (text.length > MAX_EVENT_TYPE_CHARS) {
    return `${what} has at most ${MAX_EVENT_TYPE_CHARS} characters, this one has ${text.length}`;
  }
  const segments = text.split('.').length;
  if (segments > MAX_EVENT_TYPE_SEGMENTS) {
    return `${what} has at most ${MAX_EVENT_TYPE_SEGMENTS} parts, this one has ${segments}`;
  }
  return undefined;
}

function oddPart(what: string, segment: string): string {
  const found = segment === '' ? 'has an empty part' : `can't have the part "${segment}"`;
  return `${what} ${found}; parts, joined by dots, are made of letters, digits, "_" and "-"`;
}
