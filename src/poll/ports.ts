/** What polling needs of the rest of the house. */
import type { Publisher } from '../accept/publication.ts';
import type { Source } from '../domain/source.ts';
import type { Egress } from '../egress/port.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { Telemetry } from '../runtime/telemetry.ts';
import type { PollStateStore } from '../storage/poll-state.ts';

/** Which budgets this node spends. A budget is spent by one node only, or it would be two. */
export interface PollOwnership {
  /** Cheap: asked before every poll. */
  owns(budget: string): boolean;
}

/** A source whose polls keep failing, or work again. */
export interface PollTrouble {
  readonly kind: 'failing' | 'recovered';
  readonly source: Source;
  readonly resource: string;
  /** One sentence; null when it works again. */
  readonly reason: string | null;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

export interface PollOptions {
  readonly states: PollStateStore;
  readonly publisher: Publisher;
  readonly egress: Pick<Egress, 'send'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** `Bellwire/x.y`. */
  readonly userAgent: string;
  /** Left out where this process is alone. */
  readonly ownership?: PollOwnership | undefined;
  readonly onTrouble: (trouble: PollTrouble) => void;
  readonly onError: (error: unknown) => void;
}
