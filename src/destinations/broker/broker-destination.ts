/**
 * A destination that is a message broker. It plans messages, finds the link and the outlet they go
 * through, keeps the number of connections bounded, and closes those that nobody uses.
 */
import { createHash } from 'node:crypto';
import type { AttemptResult } from '../../domain/attempt-result.ts';
import type { ClientCertificate } from '../../domain/client-certificate.ts';
import { serverOf, targetOf, type DestinationSpec } from '../../domain/destination.ts';
import {
  BROKER_IDLE_MS,
  MAX_BROKER_CONNECTIONS,
  MAX_BROKER_CONNECTIONS_PER_TENANT,
} from '../../domain/limits-destinations.ts';
import type { Subscription } from '../../domain/subscription.ts';
import type { BrokerGuard, ClientIdentity } from '../../egress/port.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Transformer } from '../../transform/port.ts';
import type { AttemptJob, Destination, RunningAttempt } from '../destination.ts';
import type { PayloadOptions } from '../payload.ts';
import { TransformedAttempt } from '../transformed-attempt.ts';
import type { BrokerAdapter } from './adapter.ts';
import { Link } from './link.ts';
import { planMessage } from './message.ts';
import { Outlet } from './outlet.ts';
import { Sending } from './sending.ts';

export interface BrokerOptions {
  readonly guard: BrokerGuard;
  readonly clock: Clock;
  readonly transformer: Transformer;
  readonly payloads: PayloadOptions;
  readonly onError: (error: unknown) => void;
}

type Done = (result: AttemptResult) => void;

/** A link with all that goes through it. */
interface Station<Spec extends DestinationSpec> {
  readonly key: string;
  readonly tenant: number;
  readonly link: Link<Spec>;
  readonly outlets: Map<string, Outlet<Spec>>;
  usedAt: number;
}

export class BrokerDestination<Spec extends DestinationSpec> implements Destination {
  readonly #adapter: BrokerAdapter<Spec>;
  readonly #options: BrokerOptions;
  readonly #stations = new Map<string, Station<Spec>>();
  /** A changed subscription is a new object. */
  readonly #keys = new WeakMap<Subscription, string>();
  #sweep: Timer | null = null;
  #isClosed = false;
  #drained: (() => void) | null = null;

  constructor(adapter: BrokerAdapter<Spec>, options: BrokerOptions) {
    this.#adapter = adapter;
    this.#options = options;
  }

  attempt(job: AttemptJob, done: Done): RunningAttempt {
    const { transform, timeoutMs } = job.subscription;
    if (transform === null) return this.#send(job, null, timeoutMs, done);
    const { transformer } = this.#options;
    const send = this.#send.bind(this);
    return new TransformedAttempt({ job, transform, transformer, send, done });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#isIdle()) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    this.#sweep?.cancel();
    const stations = [...this.#stations.values()];
    this.#stations.clear();
    await Promise.all(stations.map(({ link }) => link.close()));
  }

  #send(
    job: AttemptJob,
    transformed: Uint8Array | null,
    timeoutMs: number,
    done: Done,
  ): RunningAttempt {
    const { clock, payloads } = this.#options;
    const message = planMessage(job, transformed, payloads);
    const sending = new Sending(message, timeoutMs, () => clock.monotonic(), done);
    const station = this.#isClosed ? null : this.#station(job.subscription);
    if (station === null) {
      const detail = this.#isClosed ? 'aborted by shutdown' : TOO_MANY;
      queueMicrotask(() => sending.fail(this.#isClosed ? 'reset' : 'connect', detail));
    } else {
      station.usedAt = clock.monotonic();
      this.#outlet(station, this.#specOf(job.subscription)).send(sending);
    }
    return sending;
  }

  /** Dispatch has chosen this destination by its kind. */
  #specOf({ destination }: Subscription): Spec {
    if (isOfKind<Spec>(destination, this.#adapter.kind)) return destination;
    throw new TypeError(`A ${destination.kind} destination came to ${this.#adapter.kind}`);
  }

  #station(subscription: Subscription): Station<Spec> | null {
    const key = this.#keyOf(subscription);
    return this.#stations.get(key) ?? this.#addStation(key, subscription);
  }

  #keyOf(subscription: Subscription): string {
    let key = this.#keys.get(subscription);
    if (key === undefined) {
      const { tenant, destination, credentials, clientCertificate } = subscription;
      const secret = createHash('sha256').update(JSON.stringify([credentials, clientCertificate]));
      key = `${tenant} ${serverOf(destination)} ${secret.digest('hex')}`;
      this.#keys.set(subscription, key);
    }
    return key;
  }

  /** Null when the tenant has as many in use as it may. */
  #addStation(key: string, subscription: Subscription): Station<Spec> | null {
    const { tenant, credentials, clientCertificate } = subscription;
    if (!this.#makeRoom(tenant)) return null;
    const { guard, clock, onError } = this.#options;
    const connect = {
      destination: this.#specOf(subscription),
      credentials,
      identity: clientCertificate && identityOf(clientCertificate),
      guard,
      clock,
    };
    const link = new Link({ adapter: this.#adapter, connect, clock, onError });
    const station = { key, tenant, link, outlets: new Map(), usedAt: clock.monotonic() };
    this.#stations.set(key, station);
    this.#sweep ??= this.#nextSweep();
    return station;
  }

  #makeRoom(tenant: number): boolean {
    const own = [...this.#stations.values()].filter((station) => station.tenant === tenant);
    if (own.length >= MAX_BROKER_CONNECTIONS_PER_TENANT) return this.#dropOldest(own);
    if (this.#stations.size < MAX_BROKER_CONNECTIONS) return true;
    return this.#dropOldest([...this.#stations.values()]);
  }

  #dropOldest(stations: readonly Station<Spec>[]): boolean {
    const [oldest] = stations.filter(isUnused).toSorted((one, other) => one.usedAt - other.usedAt);
    if (oldest === undefined) return false;
    this.#drop(oldest);
    return true;
  }

  #outlet(station: Station<Spec>, destination: Spec): Outlet<Spec> {
    const target = targetOf(destination);
    let outlet = station.outlets.get(target);
    if (outlet === undefined) {
      const { clock, onError } = this.#options;
      const onIdle = () => this.#rested();
      outlet = new Outlet({ link: station.link, destination, clock, onError, onIdle });
      station.outlets.set(target, outlet);
    }
    return outlet;
  }

  #rested(): void {
    if (this.#drained === null || !this.#isIdle()) return;
    // What has just ended is told first.
    queueMicrotask(this.#drained);
    this.#drained = null;
  }

  #isIdle(): boolean {
    return [...this.#stations.values()].every(isUnused);
  }

  #nextSweep(): Timer {
    return this.#options.clock.setTimer(BROKER_IDLE_MS / 2, () => {
      const before = this.#options.clock.monotonic() - BROKER_IDLE_MS;
      for (const station of this.#stations.values()) {
        if (isUnused(station) && station.usedAt < before) this.#drop(station);
        for (const [target, outlet] of station.outlets) {
          if (outlet.isIdle) station.outlets.delete(target);
        }
      }
      this.#sweep = this.#stations.size > 0 ? this.#nextSweep() : null;
    });
  }

  #drop(station: Station<Spec>): void {
    this.#stations.delete(station.key);
    station.link.close().catch(this.#options.onError);
  }
}

const TOO_MANY =
  `this tenant uses ${MAX_BROKER_CONNECTIONS_PER_TENANT} connections to brokers already; ` +
  'subscriptions with the same server and credentials share one';

function isUnused<Spec extends DestinationSpec>({ outlets }: Station<Spec>): boolean {
  for (const outlet of outlets.values()) if (!outlet.isIdle) return false;
  return true;
}

function isOfKind<Spec extends DestinationSpec>(
  destination: DestinationSpec,
  kind: Spec['kind'],
): destination is Spec {
  return destination.kind === kind;
}

function identityOf({ certificate, privateKey, ca }: ClientCertificate): ClientIdentity {
  const id = createHash('sha256').update(JSON.stringify([certificate, privateKey, ca]));
  return { id: id.digest('hex'), certificate, privateKey, ca };
}
