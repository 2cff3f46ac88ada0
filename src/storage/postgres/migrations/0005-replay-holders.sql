-- Which node runs a replay: the slot and epoch it had when it took it. As long as that node lives,
-- nobody else takes it.

alter table replay
  add column holder_slot smallint,
  add column holder_epoch bigint;
