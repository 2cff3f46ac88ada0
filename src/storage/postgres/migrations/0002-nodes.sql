-- What nodes need of each other. nodes/README.md explains every table.

alter table node_slot
  add column lease_ms integer not null default 0,
  add column has_leftovers boolean not null default false;

-- For a takeover; rows that wait for a try are found by delivery_due.
create index delivery_held on delivery (owner, sequence, subscription) where status = 'held';

create table control_change (
  id          bigint generated always as identity primary key,
  xact        xid8 not null default pg_current_xact_id(),
  table_name  text not null,
  key         text not null,
  changed_at  timestamptz not null default now()
);
create index control_change_by_xact on control_change (xact);
create index control_change_by_age on control_change (changed_at);

create table node_request (
  id            text primary key,
  slot          smallint not null,
  wanted        text not null,
  sequence      bigint not null,
  subscription  integer not null,
  asked_at      timestamptz not null default now(),
  taken_at      timestamptz,
  answer        text
);
create index node_request_open on node_request (slot) where taken_at is null;
create index node_request_by_age on node_request (asked_at);

-- Says "look" to all nodes, once for each transaction. What there is to see stands in the tables.
create function wake_nodes() returns trigger language plpgsql as $$
begin
  perform pg_notify('bellwire_' || tg_table_schema, '');
  return null;
end $$;

-- Attach it to every table that nodes keep in memory, with the name of the column that identifies
-- a row:
--   create trigger tell_nodes after insert or update or delete on my_table
--     for each row execute function log_control_change('number');
create function log_control_change() returns trigger language plpgsql as $$
declare
  key text;
begin
  if tg_op = 'DELETE' then
    key := to_jsonb(old) ->> tg_argv[0];
  else
    key := to_jsonb(new) ->> tg_argv[0];
  end if;
  insert into control_change (table_name, key) values (tg_table_name, key);
  perform pg_notify('bellwire_' || tg_table_schema, '');
  return null;
end $$;

create trigger tell_nodes after insert or update or delete on tenant
  for each row execute function log_control_change('number');
create trigger tell_nodes after insert or update or delete on subscription
  for each row execute function log_control_change('number');
create trigger tell_nodes after insert or update or delete on api_key
  for each row execute function log_control_change('number');

create trigger wake_nodes after insert or update on node_request
  for each statement execute function wake_nodes();
