-- Inboxes: messages that wait for an agent to pull them.

create table inbox (
  number         integer generated always as identity primary key,
  tenant         integer not null,
  name           text collate "C" not null,
  last_position  bigint not null,
  messages       bigint not null,
  bytes          bigint not null,
  created_at     bigint not null,
  updated_at     bigint not null,
  unique (tenant, name)
);

create table inbox_message (
  tenant        integer not null,
  inbox         integer not null,
  position      bigint not null,
  sequence      bigint not null,
  subscription  integer not null,
  attempt       integer not null,
  created_at    bigint not null,
  enqueued_at   bigint not null,
  ordering_key  text,
  content_type  text,
  bytes         bigint not null,
  body          bytea,
  leased_until  bigint,
  lease         text,
  pulls         integer not null default 0,
  primary key (tenant, inbox, position)
);

create unique index inbox_message_by_event
  on inbox_message (tenant, sequence, subscription, inbox);

-- One round trip. The row of the inbox is locked first: whoever comes later gets later positions
-- and is committed later, so that no reader of positions ever misses a message.
create function append_to_inbox(
  of_tenant integer, of_inbox text, at bigint, max_messages bigint, max_bytes bigint,
  sequences bigint[], subscriptions integer[], attempts integer[], created bigint[],
  ordering_keys text[], content_types text[], sizes bigint[], bodies bytea[]
) returns table (outcome text) language plpgsql as $$
declare
  held inbox%rowtype;
  is_full boolean := false;
begin
  insert into inbox (tenant, name, last_position, messages, bytes, created_at, updated_at)
  values (of_tenant, of_inbox, 0, 0, 0, at, at) on conflict (tenant, name) do nothing;
  select * into held from inbox where tenant = of_tenant and name = of_inbox for update;
  for i in 1 .. cardinality(sequences) loop
    perform from inbox_message m
    where m.tenant = of_tenant and m.sequence = sequences[i]
      and m.subscription = subscriptions[i] and m.inbox = held.number;
    if found then
      outcome := 'known';
      return next;
      continue;
    end if;
    is_full := is_full or held.messages >= max_messages or held.bytes + sizes[i] > max_bytes;
    if is_full then
      outcome := 'full';
      return next;
      continue;
    end if;
    held.last_position := held.last_position + 1;
    held.messages := held.messages + 1;
    held.bytes := held.bytes + sizes[i];
    insert into inbox_message (tenant, inbox, position, sequence, subscription, attempt,
                               created_at, enqueued_at, ordering_key, content_type, bytes, body)
    values (of_tenant, held.number, held.last_position, sequences[i], subscriptions[i],
            attempts[i], created[i], at, ordering_keys[i], content_types[i], sizes[i], bodies[i]);
    outcome := 'stored';
    return next;
  end loop;
  update inbox set last_position = held.last_position, messages = held.messages,
                   bytes = held.bytes, updated_at = at
  where number = held.number;
end
$$;
