/** What a destination brings along to be held against the contract. */
import type { TestContext } from 'node:test';
import type { SubscriptionSettings } from '../../domain/subscription.ts';
import type { TcpProxy } from '../../testing/tcp-proxy.ts';
import type { AttemptJob, Destination } from '../destination.ts';

/** A message as somebody who consumes it sees it. */
export interface ReceivedMessage {
  readonly body: Uint8Array;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export type Where = Pick<SubscriptionSettings, 'destination' | 'credentials'>;

export interface DestinationWorld {
  readonly destination: Destination;
  /** An empty queue of its own. The way to it leads through `proxy`. */
  readonly where: Where;
  readonly proxy: TcpProxy;
  /** All that was received so far, oldest first; waits until there are so many. */
  received(count: number): Promise<readonly ReceivedMessage[]>;
  /** The same place with credentials that are not taken; null where there are none. */
  readonly wrongCredentials: Where | null;
  /** A place that takes nothing, for good; null where there is no such thing. */
  readonly rejecting: Where | null;
  /** Makes a job one that is refused for good; null where there is no such job. */
  readonly poison: ((job: AttemptJob) => AttemptJob) | null;
}

export interface DestinationHarness {
  readonly name: string;
  /** Why it can't be tested on this machine, or undefined. */
  readonly skip: string | undefined;
  /** Everything it opens ends with the test. */
  open(t: TestContext): Promise<DestinationWorld>;
  /** Names of headers that carry this, where the protocol has its own; else the usual ones. */
  readonly headerNames?: Readonly<Record<string, string>>;
}
