-- Replays, and the way from one to the deliveries it has put on their way.

create table replay (
  number          integer generated always as identity primary key,
  tenant          integer not null,
  status          text not null,
  dry_run         boolean not null,
  request         text not null,
  after_sequence  bigint not null,
  up_to           bigint not null,
  cursor          bigint not null,
  total           bigint,
  taken           bigint not null,
  skipped         bigint not null,
  delivered       bigint not null,
  failed          bigint not null,
  cancelled       bigint not null,
  reason          text,
  created_at      bigint not null,
  updated_at      bigint not null
);

create index replay_by_tenant on replay (tenant, number);

create index delivery_by_replay on delivery (replay, sequence, subscription)
  where replay is not null;
