/** Finds the stored event behind a public id. */
import { idKeyHash } from '../../accept/dedupe-key.ts';
import { parseEventId } from '../../domain/ids.ts';
import type { EventRecord } from '../../storage/journal.ts';
import type { JournalReads } from '../deps.ts';
import { Problem } from '../problems.ts';
import { publicEventId } from './event-json.ts';

/** Undefined for unknown ids, broken ones and those of other tenants alike. */
export async function findEvent(
  journal: JournalReads,
  tenant: number,
  id: string,
): Promise<EventRecord | undefined> {
  const sequence =
    parseEventId(id)?.sequence ?? (await journal.sequenceOfKey(tenant, idKeyHash(id)));
  const event = sequence === undefined ? undefined : await journal.event(tenant, sequence);
  // An id spells a time too, and an event with its own id has no other: one thing, one name.
  return event !== undefined && publicEventId(event) === id ? event : undefined;
}

/** @throws Problem `not_found` */
export async function eventOr404(
  journal: JournalReads,
  tenant: number,
  id: string,
): Promise<EventRecord> {
  const event = await findEvent(journal, tenant, id);
  if (event === undefined) throw new Problem('not_found', 'There is no event with this id.');
  return event;
}
