-- The journal and the control plane. README.md beside this folder explains every table and index.

create table event (
  sequence      integer primary key,
  tenant        integer not null,
  created_at    integer not null,
  event_type    text not null,
  custom_id     text,
  task_id       text,
  run_id        text,
  status        text,
  ordering_key  text,
  matched       text not null,
  metadata      text,
  body          blob not null
) strict;

create index event_by_type on event (tenant, event_type, sequence);

-- No checks here: they cost a tenth of each event, and the contract suite covers the one writer.
create table attempt (
  sequence          integer not null,
  subscription      integer not null,
  number            integer not null,
  "trigger"         text not null,
  outcome           text not null,
  failure_reason    text,
  detail            text,
  response_status   integer,
  response_headers  text,
  response_body     blob,
  duration_ms       real not null,
  started_at        integer not null,
  next_attempt_at   integer,
  primary key (sequence, subscription, number)
) strict, without rowid;

create table delivery (
  sequence         integer not null,
  subscription     integer not null,
  tenant           integer not null,
  status           text not null check (
    status in ('pending', 'waiting', 'held', 'delivered', 'exhausted', 'cancelled')
  ),
  attempts         integer not null,
  next_attempt_at  integer,
  reason           text,
  created_at       integer not null,
  updated_at       integer not null,
  primary key (sequence, subscription),
  check ((next_attempt_at is not null) = (status in ('pending', 'waiting')))
) strict, without rowid;

create index delivery_due on delivery (next_attempt_at, sequence, subscription)
  where next_attempt_at is not null;
create index delivery_by_tenant on delivery (tenant, status, sequence, subscription);
create index delivery_by_subscription on delivery (subscription, status, sequence);

create table dedupe_key (
  tenant       integer not null,
  hash         blob not null,
  sequence     integer not null,
  fingerprint  blob not null,
  primary key (tenant, hash)
) strict, without rowid;

create table journal_state (
  id              integer primary key check (id = 1),
  low_water_mark  integer not null
) strict;
insert into journal_state (id, low_water_mark) values (1, 0);

create table tenant (
  number      integer primary key autoincrement,
  name        text not null unique,
  created_at  integer not null
) strict;

create table subscription (
  number           integer primary key,
  tenant           integer not null,
  status           text not null check (status in ('active', 'paused', 'disabled')),
  disabled_reason  text,
  failing_since    integer,
  settings         text not null,
  sealed_secrets   blob not null,
  created_at       integer not null,
  updated_at       integer not null,
  deleted_at       integer
) strict;

create table subscription_number (
  number  integer primary key autoincrement
) strict;

create table api_key (
  number      integer primary key autoincrement,
  tenant      integer not null,
  name        text not null,
  hash        text not null unique,
  hint        text not null,
  scopes      text not null,
  created_at  integer not null,
  expires_at  integer,
  revoked_at  integer
) strict;
