/** What a receiver gets for an event type, as JSON Schema and as an example. */
import type { EventTypeEntry } from '../../domain/event-type-entry.ts';

const text = { type: 'string' };

const EXAMPLE_HEAD = { webhook_id: 'evt_01kgsx2f2g00000000001' };
const EXAMPLE_INSTANT = '2026-04-09T12:00:00.000Z';

/**
 * The whole body of the request, in the payload format `bellwire`.
 * @param data schema of `data`; true where nothing is known about it.
 */
export function deliveredBodySchema(eventType: string, data: object | true): object {
  return {
    type: 'object',
    properties: {
      webhook_id: { ...text, description: 'The event id: the same on every attempt.' },
      event_type: { ...text, const: eventType },
      timestamp: { ...text, format: 'date-time', description: 'When it happened.' },
      task_id: { ...text, description: 'Where the publisher gave one.' },
      run_id: { ...text, description: 'Where the publisher gave one.' },
      status: { ...text, description: 'Where the publisher gave one.' },
      source_id: { ...text, description: 'Where it came in through a source.' },
      provider_event_id: { ...text, description: 'Where its provider gave one.' },
      trust: { const: 'untrusted', description: 'There exactly with `source_id`.' },
      data,
    },
    required: ['webhook_id', 'event_type', 'timestamp', 'data'],
  };
}

/** A body for each example of the entry. */
export function deliveredBodyExamples({ name, examples }: EventTypeEntry): object[] {
  return examples.map((data) => ({
    ...EXAMPLE_HEAD,
    event_type: name,
    timestamp: EXAMPLE_INSTANT,
    data,
  }));
}

/** Member of operations and messages that holds what the formats have no word for. */
export const EXTENSION = 'x-bellwire-event-type';
