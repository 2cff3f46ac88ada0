-- Replays, and the way from one to the deliveries it has put on their way.

create table replay (
  number          integer primary key autoincrement,
  tenant          integer not null,
  status          text not null,
  dry_run         integer not null,
  request         text not null,
  after_sequence  integer not null,
  up_to           integer not null,
  cursor          integer not null,
  total           integer,
  taken           integer not null,
  skipped         integer not null,
  delivered       integer not null,
  failed          integer not null,
  cancelled       integer not null,
  reason          text,
  created_at      integer not null,
  updated_at      integer not null
) strict;

create index replay_by_tenant on replay (tenant, number);

create index delivery_by_replay on delivery (replay, sequence, subscription)
  where replay is not null;
