-- Inboxes: messages that wait for an agent to pull them.

create table inbox (
  number         integer primary key autoincrement,
  tenant         integer not null,
  name           text not null,
  last_position  integer not null,
  messages       integer not null,
  bytes          integer not null,
  created_at     integer not null,
  updated_at     integer not null,
  unique (tenant, name)
) strict;

create table inbox_message (
  tenant        integer not null,
  inbox         integer not null,
  position      integer not null,
  sequence      integer not null,
  subscription  integer not null,
  attempt       integer not null,
  created_at    integer not null,
  enqueued_at   integer not null,
  ordering_key  text,
  content_type  text,
  bytes         integer not null,
  body          blob,
  leased_until  integer,
  lease         text,
  pulls         integer not null default 0,
  primary key (tenant, inbox, position)
) strict, without rowid;

create unique index inbox_message_by_event
  on inbox_message (tenant, sequence, subscription, inbox);
