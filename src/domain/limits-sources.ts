/** Limits of sources and of what comes in through them. The unit is in the name. */

const DAY_MS = 86_400_000;

// Sources

/** Sources of one tenant. */
export const MAX_SOURCES_PER_TENANT = 1_000;
/** Secrets of one source that verify at the same time. */
export const MAX_SOURCE_SECRETS = 10;
/** Inbound requests without an event that are kept for each source; the oldest go. */
export const MAX_RECORDED_INBOUND_PER_SOURCE = 10_000;
/** A repeat of what a source sent is recognised for this long, even if its event is gone. */
export const MIN_DEDUPE_MS = 7 * DAY_MS;
/** Inbound requests that wait to be written down; beyond it the oldest are dropped. */
export const MAX_QUEUED_INBOUND = 5_000;
/** Headers and bodies of those that wait. */
export const MAX_QUEUED_INBOUND_BYTES = 32 * 1024 * 1024;
