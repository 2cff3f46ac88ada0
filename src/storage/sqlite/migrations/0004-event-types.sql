-- The event catalogue, and what it had to say about an event when it came in.

create table event_type (
  name        text primary key,
  settings    text not null,
  created_at  integer not null,
  updated_at  integer not null
) strict;

create table catalogue_settings (
  id        integer primary key check (id = 1),
  settings  text not null
) strict;

alter table event add column warnings text;
