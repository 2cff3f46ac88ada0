/** What hydration needs of the rest of the house. */
import type { Publisher } from '../accept/publication.ts';
import type { Source } from '../domain/source.ts';
import type { Egress } from '../egress/port.ts';
import type { Clock } from '../runtime/clock.ts';

export interface HydrateOptions {
  readonly egress: Pick<Egress, 'send'>;
  /** Of the pipe itself: what it publishes is not hydrated again. */
  readonly publisher: Publisher;
  /** Undefined once deleted. */
  readonly sourceOf: (number: number) => Source | undefined;
  readonly clock: Clock;
  /** `Bellwire/x.y`. */
  readonly userAgent: string;
}
