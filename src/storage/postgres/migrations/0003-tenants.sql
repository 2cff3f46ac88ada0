-- Settings of tenants, their deletion, and how much each of them has stored.

alter table tenant
  add column status text not null default 'active',
  add column settings text not null default '{}',
  add column updated_at bigint not null default 0;
update tenant set updated_at = created_at;

-- A row for each node slot, so that nodes that store for one tenant do not wait for each other.
create table tenant_usage (
  tenant  integer not null,
  day     bigint not null,
  slot    smallint not null,
  events  bigint not null,
  bytes   bigint not null,
  primary key (tenant, day, slot)
);
insert into tenant_usage (tenant, day, slot, events, bytes)
select tenant, created_at / 86400000, 0, count(*),
       sum(length(body) + coalesce(octet_length(metadata), 0))
from event group by 1, 2;
