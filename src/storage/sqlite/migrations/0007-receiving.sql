-- Sources, what came in through them, and what poll sources remember.

alter table event add column source integer;
alter table event add column provider_event_id text;
create index event_by_source on event (source, sequence) where source is not null;

create table source (
  number          integer primary key,
  tenant          integer not null,
  status          text not null,
  settings        text not null,
  token_hash      text not null,
  sealed_secrets  blob not null,
  created_at      integer not null,
  updated_at      integer not null,
  deleted_at      integer
) strict;

create table source_number (
  number  integer primary key autoincrement
) strict;

create table inbound_request (
  sequence           integer primary key,
  tenant             integer not null,
  source             integer not null,
  received_at        integer not null,
  status             text not null,
  reason             text,
  detail             text,
  event_sequence     integer,
  event_id           text,
  provider_event_id  text,
  method             text not null,
  headers            text not null,
  body_bytes         integer not null,
  remote_address     text,
  body               blob
) strict;

create index inbound_request_by_source on inbound_request (tenant, source, sequence);

-- A key may outlive its event; then it says what the event was.
alter table dedupe_key add column created_at integer;
alter table dedupe_key add column event_type text;
alter table dedupe_key add column custom_id text;
create index dedupe_key_kept on dedupe_key (created_at) where created_at is not null;

create table poll_state (
  source      integer not null,
  resource    text not null,
  tenant      integer not null,
  state       text not null,
  updated_at  integer not null,
  primary key (source, resource)
) strict, without rowid;
