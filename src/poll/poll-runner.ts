/**
 * One poll from request to event. The order is what makes a change exactly one event: remember it
 * with its events, durably; publish; forget the events. A crash in between leaves the events in the
 * store, and they are published again under the same keys.
 */
import type { HttpResult } from '../domain/attempt-result.ts';
import { goesWell, pause } from '../domain/poll/budget.ts';
import { settlePoll, type PollAnswer } from '../domain/poll/settle.ts';
import { secretByName } from '../domain/source-secrets.ts';
import type { ResourceState } from '../domain/poll/state.ts';
import { readAnswer } from './answer.ts';
import { publishOutbox } from './outbox.ts';
import type { PollLoop } from './poll-loop.ts';
import type { PollOptions } from './ports.ts';
import { pollRequest } from './request.ts';
import type { StateKeeper } from './state-keeper.ts';
import type { TroubleWatch } from './trouble-watch.ts';
import type { Watched } from './watched.ts';

/** Pause before a state is written again that the store did not take. */
const SAVE_AGAIN_MS = 5_000;

interface Parts {
  readonly loop: PollLoop;
  readonly keeper: StateKeeper;
  readonly trouble: TroubleWatch;
}

export class PollRunner {
  readonly #options: PollOptions;
  readonly #parts: Parts;

  constructor(options: PollOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Its lane has spent a request on it. */
  poll(watched: Watched): void {
    const { owner, resource, state } = watched;
    const { source, settings, lane } = owner;
    const { egress, userAgent } = this.#options;
    const request = pollRequest({
      settings,
      resource,
      state,
      tenant: source.tenant,
      userAgent,
      secretOf: (name) => secretByName(source, name),
    });
    if (typeof request === 'string') {
      queueMicrotask(() => {
        this.#parts.loop.pollEnded(lane);
        this.#settle(watched, failure(request), 0);
      });
      return;
    }
    watched.running = egress.send(request, (result) => {
      watched.running = null;
      this.#parts.loop.pollEnded(lane);
      if (watched.isWanted) this.#answered(watched, result);
    });
  }

  /** Goes on where it stands: writes what is not written, publishes what waits. */
  goOn(watched: Watched): void {
    if (!watched.isWanted) return;
    if (watched.mustSave) this.#save(watched);
    else if (watched.state.outbox.length > 0) this.#publish(watched);
    else this.#waitForNext(watched);
  }

  #answered(watched: Watched, result: HttpResult): void {
    const { clock } = this.#options;
    const { lane, selections } = watched.owner;
    const answer = readAnswer(result, selections, clock.now());
    if (answer.kind === 'failed' && answer.throttles) {
      pause(lane.budget, clock.monotonic(), answer.retryAfterMs);
      this.#parts.loop.changed(lane);
    } else goesWell(lane.budget);
    this.#settle(watched, answer, result.durationMs);
  }

  #settle(watched: Watched, answer: PollAnswer, durationMs: number): void {
    if (!watched.isWanted) return;
    const { clock, random } = this.#options;
    const { owner, resource, state: former } = watched;
    const now = clock.now();
    const state = settlePoll({
      settings: owner.settings,
      resource,
      state: former,
      answer,
      now,
      nowIso: new Date(now).toISOString(),
      random: random.unit(),
    });
    watched.state = state;
    this.#tell(watched, former, durationMs);
    this.#parts.trouble.observe(watched, now);
    // What later looks are compared with has to survive; times and validators may be lost.
    watched.mustSave = state.result === 'first' || state.result === 'changed';
    if (!watched.mustSave) this.#parts.keeper.note(watched);
    this.goOn(watched);
  }

  #save(watched: Watched): void {
    this.#parts.keeper.save(watched, (error) => {
      if (!watched.isWanted) return;
      if (error === undefined) {
        watched.mustSave = false;
        this.goOn(watched);
      } else this.#parts.loop.choreIn(watched, SAVE_AGAIN_MS);
    });
  }

  #publish(watched: Watched): void {
    const { publisher } = this.#options;
    publishOutbox(publisher, watched.owner.source, watched.state.outbox, (published) => {
      const { left, retryAfterMs, reason } = published;
      // Somebody else may be writing the state by now; whoever finds the events in it publishes
      // them again, which changes nothing.
      if (!watched.isWanted) return;
      watched.state = { ...watched.state, outbox: left, reason };
      this.#parts.keeper.note(watched);
      if (left.length > 0) this.#parts.loop.choreIn(watched, retryAfterMs);
      else this.#waitForNext(watched);
    });
  }

  #waitForNext(watched: Watched): void {
    const { nextPollAt } = watched.state;
    const delayMs = nextPollAt === null ? 0 : nextPollAt - this.#options.clock.now();
    this.#parts.loop.pollIn(watched, delayMs);
  }

  #tell({ owner, resource, state }: Watched, former: ResourceState, durationMs: number): void {
    const { source } = owner;
    this.#options.telemetry.emit({
      event: 'poll.ended',
      at: this.#options.clock.now(),
      tenant: source.tenant,
      source: source.id,
      resource: resource.name,
      result: state.result ?? 'failed',
      reason: state.reason,
      failures: state.failures,
      events: state.outbox.length - former.outbox.length,
      durationMs,
    });
  }
}

function failure(reason: string): PollAnswer {
  return { kind: 'failed', reason, throttles: false, retryAfterMs: undefined };
}
