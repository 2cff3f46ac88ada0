/**
 * What the event catalogue has to say about the event types of a subscription. It is only said:
 * subscribing before the first type is in the catalogue is normal, and a type may yet come.
 */
import type { z } from 'zod';
import type { EventCatalogue } from '../../catalogue/catalogue.ts';
import type { warnings } from '../events/catalogue-check.ts';

interface Wanted {
  readonly event_type?: string | undefined;
  readonly event_types?: readonly string[] | undefined;
}

/** The member `warnings` of the reply; none when there is nothing to say. */
export function patternWarnings(
  catalogue: Pick<EventCatalogue, 'patternDoubt'>,
  { event_type: one, event_types: many = [] }: Wanted,
): { warnings?: z.output<typeof warnings> } {
  const places =
    one === undefined
      ? many.map((pattern, index) => ({ pattern, pointer: `/event_types/${index}` }))
      : [{ pattern: one, pointer: '/event_type' }];
  const found = places.flatMap(({ pattern, pointer }) => {
    const doubt = catalogue.patternDoubt(pattern);
    return doubt === undefined ? [] : [{ ...doubt, pointer }];
  });
  return found.length === 0 ? {} : { warnings: found };
}
