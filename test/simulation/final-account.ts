/** When the weather has calmed: was every promise kept? */
import { isFinal } from '../../src/domain/delivery-state.ts';
import { eventId } from '../../src/domain/ids.ts';
import { readRequest } from '../../src/dispatch/replay/request.ts';
import type { EventRecord } from '../../src/storage/journal.ts';
import type { MemoryData } from '../../src/storage/memory/store.ts';
import type { ReplayRecord } from '../../src/storage/replays.ts';
import { isRepeatable, pairKey, type Ledger, type Wish } from './ledger.ts';
import { needlessSuccesses, type Oracle, type Watched } from './oracle.ts';

/** @returns what is wrong, one sentence each. */
export function finalAccount(data: MemoryData, ledger: Ledger, oracle: Oracle): string[] {
  const events = [...data.journal.eventsAfter(0)];
  return [
    ...acknowledged(events, ledger),
    ...storedOnce(events, ledger),
    ...events.flatMap((event) => ends(event, data, ledger, oracle)),
    ...[...oracle.watched.values()].flatMap((watched) => attempts(data, watched, ledger)),
    ...[...data.replays.values()].flatMap((record) => replayed(record, data, ledger)),
  ];
}

/** What was acknowledged is stored once, for the subscriptions it matched. */
function acknowledged(events: readonly EventRecord[], ledger: Ledger): string[] {
  const byId = new Map(events.map((event) => [idOf(event), event]));
  const wrong: string[] = [];
  if (byId.size !== events.length) wrong.push('two events share an id');
  for (const wish of ledger.wishes) {
    if (wish.id === undefined) continue;
    const event = byId.get(wish.id);
    if (event === undefined) wrong.push(`${wish.id} was acknowledged and is lost`);
    else if (!isExpected(event.matched, wish)) {
      wrong.push(`${wish.id} went to ${event.matched.join()} instead of its subscriptions`);
    }
  }
  return wrong;
}

/** What was sent again, by a publisher or a provider, is one event. */
function storedOnce(events: readonly EventRecord[], ledger: Ledger): string[] {
  const repeatable = new Set(ledger.wishes.filter(isRepeatable).map(({ number }) => number));
  const seen = new Set<number>();
  return events.flatMap((event) => {
    const wish = wishOf(event);
    if (!repeatable.has(wish)) return [];
    if (seen.has(wish)) return [`wish ${wish} was stored twice`];
    seen.add(wish);
    return [];
  });
}

function isExpected(matched: readonly number[], { expected }: Wish): boolean {
  const found = new Set(matched);
  return expected.some(
    (numbers) => numbers.length === found.size && numbers.every((number) => found.has(number)),
  );
}

/** Every delivery has ended, or its subscription holds it. */
function ends(event: EventRecord, data: MemoryData, ledger: Ledger, oracle: Oracle): string[] {
  const wrong: string[] = [];
  const withRow = data.journal.subscriptionsOf(event.sequence);
  for (const number of new Set([...event.matched, ...withRow])) {
    const name = pairKey(event.sequence, number);
    const { status } = oracle.stateOf(event.sequence, number);
    const subscription = ledger.subscriptions.get(number)?.status;
    const isHeld = subscription === 'paused' || subscription === 'disabled';
    const asked = ledger.asked(event.sequence, number);
    const taken = oracle.watched.get(name)?.attempts.some((seen) => seen.processedAt !== null);
    if (!isFinal(status) && !(status === 'held' && isHeld)) {
      wrong.push(`${name} is still ${status}, its subscription ${String(subscription)}`);
    }
    if (status === 'delivered' && taken !== true) wrong.push(`${name} was never delivered`);
    const calledOff = ledger.replaysOf(event.sequence).some(({ cancelAsked }) => cancelAsked);
    const nobody = asked.cancels === 0 && subscription !== 'deleted' && !calledOff;
    if (status === 'cancelled' && nobody) {
      wrong.push(`${name} was cancelled by nobody`);
    }
    if (asked.confirmedCancel && status !== 'cancelled') {
      wrong.push(`${name} was cancelled and is ${status}`);
    }
  }
  return wrong;
}

/** Attempts are numbered without a gap, and none was made without need. */
function attempts(data: MemoryData, watched: Watched, ledger: Ledger): string[] {
  const { sequence, subscription } = watched;
  const name = pairKey(sequence, subscription);
  const numbers = data.journal
    .attempts(sequence, subscription)
    .map(({ number }) => number)
    .toSorted((a, b) => a - b);
  const wrong: string[] = [];
  if (numbers.some((number, index) => number !== index + 1)) {
    wrong.push(`${name} has the attempts ${numbers.join()}`);
  }
  const row = data.journal.delivery(sequence, subscription);
  if (row !== undefined && row.attempts !== numbers.length) {
    wrong.push(`${name} counts ${row.attempts} attempts and has ${numbers.length}`);
  }
  const needless = needlessSuccesses(watched, ledger.wanted(sequence, subscription));
  if (needless > 0) wrong.push(`${name} was delivered ${needless} times too often`);
  return wrong;
}

/** Every replay has ended, unless a subscription holds what it sent, and its counts add up. */
function replayed(record: ReplayRecord, data: MemoryData, ledger: Ledger): string[] {
  const { number, status, total, counts, dryRun } = record;
  if (dryRun) return [];
  const name = `replay ${number}`;
  const { taken, skipped, delivered, failed, cancelled } = counts;
  if (status === 'planned' || status === 'running') {
    const rows = [...data.journal.deliveries()].filter((row) => row.replay === number);
    const holds = rows.some((row) => row.status === 'held');
    return holds ? [] : [`${name} is still ${status}`];
  }
  const wrong: string[] = [];
  const done = skipped + delivered + failed + cancelled;
  if (done !== taken) wrong.push(`${name} took ${taken} deliveries and knows of ${done}`);
  if (status === 'done' && total !== taken) wrong.push(`${name} took ${taken} of ${total}`);
  if (status === 'done') wrong.push(...reached(record, data, ledger));
  return wrong;
}

/** What was routed anew has gone to everybody who wants it, also to those it never went to. */
function reached(record: ReplayRecord, data: MemoryData, ledger: Ledger): string[] {
  const request = readRequest(record.request);
  const asked = ledger.replays.find(({ number }) => number === record.number);
  if (request.statuses !== null || asked === undefined) return [];
  const wrong: string[] = [];
  let wanted = 0;
  for (const event of data.journal.eventsAfter(record.after)) {
    if (event.sequence > record.upTo) break;
    for (const number of asked.subscriptions) {
      const known = ledger.subscriptions.get(number);
      if (known === undefined || known.status === 'deleted') continue;
      if (request.subscription !== null && request.subscription !== number) continue;
      if (!known.wants(event.eventType) || !known.takes(wishOf(event))) continue;
      wanted += 1;
      const exists =
        event.matched.includes(number) ||
        data.journal.delivery(event.sequence, number) !== undefined;
      if (!exists) {
        wrong.push(`replay ${record.number} left out ${pairKey(event.sequence, number)}`);
      }
    }
  }
  // Those that were delivered before exist anyhow: only the count tells that they were taken.
  const { taken } = record.counts;
  if (taken < wanted) wrong.push(`replay ${record.number} took ${taken} of ${wanted} wanted`);
  return wrong;
}

function wishOf({ body }: EventRecord): number {
  const { data }: { data: { wish: number } } = JSON.parse(Buffer.from(body).toString());
  return data.wish;
}

function idOf({ customId, createdAt, sequence }: EventRecord): string {
  return customId ?? eventId(createdAt, sequence);
}
