-- The journal, the control plane and the nodes. README.md beside this folder explains every table.
-- Parents of partitions are empty: `partitions.ts` gives each day its own tables.

create table event (
  sequence      bigint primary key,
  tenant        integer not null,
  created_at    bigint not null,
  event_type    text not null,
  custom_id     text,
  task_id       text,
  run_id        text,
  status        text,
  ordering_key  text,
  matched       text not null,
  metadata      text,
  retry         smallint not null,
  body          bytea not null
) partition by range (sequence);

create index event_by_type on event (tenant, event_type, sequence);

create table attempt (
  sequence          bigint not null,
  subscription      integer not null,
  number            integer not null,
  trigger           text not null,
  outcome           text not null,
  failure_reason    text,
  detail            text,
  response_status   integer,
  response_headers  text,
  response_body     bytea,
  duration_ms       double precision not null,
  started_at        bigint not null,
  next_attempt_at   bigint,
  primary key (sequence, subscription, number)
) partition by range (sequence);

create table delivery (
  sequence         bigint not null,
  subscription     integer not null,
  tenant           integer not null,
  status           text not null,
  attempts         integer not null,
  attempts_before  integer not null,
  ordering_key     text,
  replay           bigint,
  next_attempt_at  bigint,
  reason           text,
  created_at       bigint not null,
  updated_at       bigint not null,
  owner            smallint not null,
  primary key (sequence, subscription),
  check ((next_attempt_at is not null) = (status in ('pending', 'waiting')))
) partition by range (sequence);

create index delivery_due on delivery (owner, next_attempt_at, sequence, subscription)
  where next_attempt_at is not null;
create index delivery_by_tenant on delivery (tenant, status, sequence, subscription);
create index delivery_by_subscription on delivery (subscription, status, sequence);

create table dedupe_key (
  tenant       integer not null,
  hash         bytea not null,
  sequence     bigint not null,
  fingerprint  bytea not null,
  primary key (tenant, hash)
);

-- Room on the page for new versions of a row, which every heartbeat writes.
create table node_slot (
  slot              smallint primary key check (slot between 0 and 31),
  owner             text,
  epoch             bigint not null default 0,
  generation        bigint not null default 0,
  expires_at        timestamptz,
  low_water_mark    bigint not null default 0,
  highest_sequence  bigint not null default 0
) with (fillfactor = 30);
insert into node_slot (slot) select generate_series(0, 31);

create table tenant (
  number      integer generated always as identity primary key,
  name        text not null unique,
  created_at  bigint not null
);

create table subscription (
  number           integer primary key,
  tenant           integer not null,
  status           text not null,
  disabled_reason  text,
  failing_since    bigint,
  settings         text not null,
  sealed_secrets   bytea not null,
  created_at       bigint not null,
  updated_at       bigint not null,
  deleted_at       bigint
);

create sequence subscription_number as integer;

create table api_key (
  number      integer generated always as identity primary key,
  tenant      integer not null,
  name        text not null,
  hash        text not null unique,
  hint        text not null,
  scopes      text not null,
  created_at  bigint not null,
  expires_at  bigint,
  revoked_at  bigint
);
