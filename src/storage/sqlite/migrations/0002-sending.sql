-- What a complete sender needs of its events, deliveries and subscriptions.

alter table event add column retry integer not null default 1;

alter table delivery add column attempts_before integer not null default 0;
alter table delivery add column ordering_key text;
alter table delivery add column replay integer;

-- Without the list of states: SQLite can't change a check, and the contract suite covers the
-- writer.
create table new_subscription (
  number           integer primary key,
  tenant           integer not null,
  status           text not null,
  disabled_reason  text,
  failing_since    integer,
  settings         text not null,
  sealed_secrets   blob not null,
  created_at       integer not null,
  updated_at       integer not null,
  deleted_at       integer
) strict;
insert into new_subscription select * from subscription;
drop table subscription;
alter table new_subscription rename to subscription;
