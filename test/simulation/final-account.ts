/** When the weather has calmed: was every promise kept? */
import { isFinal } from '../../src/domain/delivery-state.ts';
import { eventId } from '../../src/domain/ids.ts';
import type { EventRecord } from '../../src/storage/journal.ts';
import type { MemoryData } from '../../src/storage/memory/store.ts';
import { pairKey, type Ledger, type Wish } from './ledger.ts';
import { needlessSuccesses, type Oracle, type Watched } from './oracle.ts';

/** @returns what is wrong, one sentence each. */
export function finalAccount(data: MemoryData, ledger: Ledger, oracle: Oracle): string[] {
  const events = [...data.journal.eventsAfter(0)];
  return [
    ...acknowledged(events, ledger),
    ...events.flatMap((event) => ends(event, ledger, oracle)),
    ...[...oracle.watched.values()].flatMap((watched) => attempts(data, watched, ledger)),
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

function isExpected(matched: readonly number[], { expected }: Wish): boolean {
  const found = new Set(matched);
  return expected.some(
    (numbers) => numbers.length === found.size && numbers.every((number) => found.has(number)),
  );
}

/** Every delivery has ended, or its subscription holds it. */
function ends(event: EventRecord, ledger: Ledger, oracle: Oracle): string[] {
  const wrong: string[] = [];
  for (const number of event.matched) {
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
    if (status === 'cancelled' && asked.cancels === 0 && subscription !== 'deleted') {
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
  const needless = needlessSuccesses(watched, ledger.asked(sequence, subscription).resends);
  if (needless > 0) wrong.push(`${name} was delivered ${needless} times too often`);
  return wrong;
}

function idOf({ customId, createdAt, sequence }: EventRecord): string {
  return customId ?? eventId(createdAt, sequence);
}
