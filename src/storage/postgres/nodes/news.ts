/**
 * What there is to see for a node: rows of the control plane that were written, wishes for
 * deliveries it decides about, and answers to its own. One statement, asked with every heartbeat
 * and whenever a notification says so; so a notification that gets lost costs seconds, and nothing
 * else.
 *
 * Each change carries the id of its transaction, and a reader goes on from the oldest transaction
 * that still ran when it looked last. So a change that is committed late is not passed by; some are
 * seen twice.
 */
import type { ControlChange, DeliveryWish } from '../../cluster.ts';
import type { Database, Statement } from '../connection.ts';
import type { NodeSession } from './session.ts';

/** A wish as it lies there for its owner. */
export interface OpenRequest extends DeliveryWish {
  readonly id: string;
}

/** A change with its number in the log. */
interface LoggedChange extends ControlChange {
  readonly id: number;
}

export interface News {
  readonly changes: readonly LoggedChange[];
  readonly requests: readonly OpenRequest[];
  readonly answers: readonly { readonly id: string; readonly answer: string }[];
  /** Where to look from the next time, once these are dealt with. */
  readonly seenTo: string;
}

interface NewsRow {
  readonly seen_to: string;
  readonly changes: readonly LoggedChange[] | null;
  readonly requests: readonly OpenRequest[] | null;
  readonly answers: News['answers'] | null;
}

const LOOK: Statement = {
  name: 'node_news',
  text: `
    select
      pg_snapshot_xmin(pg_current_snapshot())::text as seen_to,
      (
        select json_agg(json_build_object('id', id, 'table', table_name, 'key', key))
        from control_change where xact >= $1::xid8
      ) as changes,
      (
        select json_agg(json_build_object('id', id, 'wanted', wanted, 'sequence', sequence,
                                          'subscription', subscription))
        from node_request where slot = any ($2::int2[]) and taken_at is null
      ) as requests,
      (
        select json_agg(json_build_object('id', id, 'answer', answer))
        from node_request where id = any ($3::text[]) and answer is not null
      ) as answers`,
};

const NOW: Statement = {
  name: 'node_news_start',
  text: 'select pg_snapshot_xmin(pg_current_snapshot())::text as seen_to',
};

/** Nobody who is alive looks back so far; nobody waits for an answer so long. */
const KEPT = `interval '1 day'`;

const FORGET_CHANGES: Statement = {
  name: 'forget_control_changes',
  text: `delete from control_change where changed_at < now() - ${KEPT}`,
};
const FORGET_REQUESTS: Statement = {
  name: 'forget_node_requests',
  text: `delete from node_request where asked_at < now() - ${KEPT}`,
};

/** From where to look for what happens from now on. */
export async function newsStart(session: NodeSession): Promise<string> {
  const [row] = await session.query<{ seen_to: string }>(NOW, []);
  return row?.seen_to ?? '0';
}

/**
 * @param slots held by this node.
 * @param asked ids of the requests it waits for.
 */
export async function lookForNews(
  session: NodeSession,
  seenTo: string,
  slots: readonly number[],
  asked: readonly string[],
): Promise<News> {
  const [row] = await session.query<NewsRow>(LOOK, [seenTo, slots, asked]);
  return {
    changes: row?.changes ?? [],
    requests: row?.requests ?? [],
    answers: row?.answers ?? [],
    seenTo: row?.seen_to ?? seenTo,
  };
}

export async function forgetOldNews(database: Database): Promise<void> {
  await database.query(FORGET_CHANGES);
  await database.query(FORGET_REQUESTS);
}
