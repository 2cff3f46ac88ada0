-- Keys go with their events, which are removed in order of sequence.

create index dedupe_key_by_sequence on dedupe_key (sequence);
