/** All inboxes of a tenant and all that waits in them, page by page. */
import { deliveryId } from '../../domain/ids.ts';
import type { InboxMessage, InboxView } from '../../storage/inbox.ts';
import { isoTime } from '../common-schema.ts';
import type { ApiDependencies } from '../deps.ts';

type Inboxes = ApiDependencies['inboxes'];

const PAGE_INBOXES = 250;
/** The largest are 1 MiB each. */
const PAGE_MESSAGES = 16;

export async function* allInboxes(
  inboxes: Pick<Inboxes, 'list'>,
  tenant: number,
): AsyncGenerator<InboxView, void, undefined> {
  let after: string | undefined;
  do {
    const page = await inboxes.list(tenant, { after, limit: PAGE_INBOXES });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}

export async function* allMessages(
  inboxes: Pick<Inboxes, 'messages'>,
  tenant: number,
  name: string,
): AsyncGenerator<InboxMessage, void, undefined> {
  let after: number | undefined = 0;
  do {
    const page = await inboxes.messages(tenant, name, { after, limit: PAGE_MESSAGES });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}

export async function inboxUsage(
  inboxes: Pick<Inboxes, 'list'>,
  tenant: number,
): Promise<{ messages: number; bytes: number }> {
  const usage = { messages: 0, bytes: 0 };
  for await (const { messages, bytes } of allInboxes(inboxes, tenant)) {
    usage.messages += messages;
    usage.bytes += bytes;
  }
  return usage;
}

/** A message as an export shows it; without a body of its own it is the envelope of its event. */
export function inboxMessageJson(inbox: string, message: InboxMessage) {
  const { position, createdAt, sequence, subscription, attempt, orderingKey } = message;
  const { contentType, body, enqueuedAt, pulls } = message;
  return {
    inbox,
    position,
    delivery_id: deliveryId(createdAt, sequence, subscription),
    attempt,
    ordering_key: orderingKey,
    content_type: contentType,
    body: body && Buffer.from(body).toString('utf8'),
    enqueued_at: isoTime(enqueuedAt),
    pulls,
  };
}
