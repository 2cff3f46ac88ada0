/**
 * Advisory locks, which hold off other nodes on the same database. Numbers of our own choosing,
 * "bell" in ASCII and a counter, so that they stay clear of other programs in the database.
 */
const BELL = 0x6265_6c6c;

/** Held while the schema is brought up to date. */
export const MIGRATION_LOCK = BELL * 0x100;
/** Held while partitions are made or dropped. */
export const PARTITION_LOCK = BELL * 0x100 + 1;
/** Held by the node that removes what is old. */
export const RETENTION_LOCK = BELL * 0x100 + 2;
