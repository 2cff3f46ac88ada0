-- Settings of tenants, their deletion, and how much each of them has stored.

alter table tenant add column status text not null default 'active';
alter table tenant add column settings text not null default '{}';
alter table tenant add column updated_at integer not null default 0;
update tenant set updated_at = created_at;

create table tenant_usage (
  tenant  integer not null,
  day     integer not null,
  events  integer not null,
  bytes   integer not null,
  primary key (tenant, day)
) strict, without rowid;
insert into tenant_usage (tenant, day, events, bytes)
select tenant, created_at / 86400000, count(*),
       sum(length(body) + coalesce(length(cast(metadata as blob)), 0))
from event group by 1, 2;

-- Sequences rise for ever, also when the newest events are erased.
alter table journal_state add column highest_erased integer not null default 0;
