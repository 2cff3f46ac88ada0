-- Sources, what came in through them, and what poll sources remember.

alter table event
  add column source integer,
  add column provider_event_id text;
create index event_by_source on event (source, sequence) where source is not null;

create table source (
  number          integer primary key,
  tenant          integer not null,
  status          text not null,
  settings        text not null,
  token_hash      text not null,
  sealed_secrets  bytea not null,
  created_at      bigint not null,
  updated_at      bigint not null,
  deleted_at      bigint
);

create sequence source_number as integer;

create trigger tell_nodes after insert or update or delete on source
  for each row execute function log_control_change('number');

create table inbound_request (
  sequence           bigint primary key,
  tenant             integer not null,
  source             integer not null,
  received_at        bigint not null,
  status             text not null,
  reason             text,
  detail             text,
  event_sequence     bigint,
  event_id           text,
  provider_event_id  text,
  method             text not null,
  headers            text not null,
  body_bytes         bigint not null,
  remote_address     text,
  body               bytea
);

create index inbound_request_by_source on inbound_request (tenant, source, sequence);

-- A key may outlive its event; then it says what the event was.
alter table dedupe_key
  add column created_at bigint,
  add column event_type text,
  add column custom_id text;
create index dedupe_key_kept on dedupe_key (created_at) where created_at is not null;

create table poll_state (
  source      integer not null,
  resource    text not null,
  tenant      integer not null,
  state       text not null,
  updated_at  bigint not null,
  primary key (source, resource)
);
