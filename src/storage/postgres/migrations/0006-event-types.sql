-- The event catalogue, and what it had to say about an event when it came in.

create table event_type (
  name        text primary key,
  settings    text not null,
  created_at  bigint not null,
  updated_at  bigint not null
);

create table catalogue_settings (
  id        smallint primary key check (id = 1),
  settings  text not null
);

create trigger tell_nodes after insert or update or delete on event_type
  for each row execute function log_control_change('name');
create trigger tell_nodes after insert or update or delete on catalogue_settings
  for each row execute function log_control_change('id');

alter table event add column warnings text;
