/** Ties the engine to the other nodes of the cluster: what it hears of them, and what it asks. */
import type { DeliveryControl } from '../dispatch/delivery-control.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { grantWish, OwnedDeliveries } from '../dispatch/owned-deliveries.ts';
import type { ClusterListener, ClusterNode } from '../storage/cluster.ts';
import { ControlChanges } from '../storage/control-changes.ts';
import type { JournalStore } from '../storage/journal.ts';
import type { SourceRegistry } from '../storage/source-registry.ts';
import type { SubscriptionRegistry } from '../storage/subscription-registry.ts';

interface Options {
  /** Undefined where this process is alone. */
  readonly node: ClusterNode | undefined;
  readonly dispatcher: Dispatcher;
  readonly registry: SubscriptionRegistry;
  readonly sources: SourceRegistry;
  readonly journal: JournalStore;
  /** Nothing this process writes is taken any more. */
  readonly onBroken: (error: Error) => void;
  readonly onError: (error: unknown) => void;
}

export interface Cluster {
  /** Whoever keeps rows of the control plane in memory hears of changes here. */
  readonly changes: ControlChanges;
  /** Resend and cancel, wherever they are decided. */
  readonly deliveries: DeliveryControl;
  /** From now on leftovers of other nodes come in. After the dispatcher has started. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function joinCluster(options: Options): Cluster {
  const { node, dispatcher, registry, sources, onError } = options;
  const changes = new ControlChanges();
  changes.on('subscription', async (keys) => {
    // What this node holds for them it must release itself.
    for (const number of await registry.refresh(keys.map(Number))) {
      dispatcher.release(number).catch(onError);
    }
  });
  changes.on('source', (keys) => sources.refresh(keys.map(Number)));
  return {
    changes,
    deliveries: node === undefined ? dispatcher : new OwnedDeliveries(node, dispatcher),
    start: async () => node?.start(listener(options, changes)),
    stop: async () => node?.stop(),
  };
}

function listener(options: Options, changes: ControlChanges): ClusterListener {
  const { dispatcher, journal, onBroken, onError } = options;
  return {
    adopted: (leftovers) => dispatcher.adopt(leftovers),
    changed: (written) => changes.tell(written),
    wished: (wish) => grantWish(wish, dispatcher, journal),
    resumed: () => dispatcher.resumed(),
    lowWaterMark: () => dispatcher.lowWaterMark(),
    leaseLost: onBroken,
    onError,
  };
}
