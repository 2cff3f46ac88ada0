/** Limits of poll sources and of hydration. The unit is in the name, as in `limits.ts`. */

const KIB = 1024;

// Polling and hydration

/** Resources of one poll source. */
export const MAX_POLL_RESOURCES = 10_000;
/** The name of a resource; it is also the key of what is remembered of it. */
export const MAX_POLL_RESOURCE_CHARS = 256;
/** `vars` of one resource. */
export const MAX_POLL_VARS = 20;
/** One value of `vars`. */
export const MAX_POLL_VAR_CHARS = 500;
/** A JSONPath expression. */
export const MAX_SELECT_CHARS = 1_000;
/** Looks at members and items that one evaluation may take; the expression fails beyond it. */
export const MAX_SELECT_STEPS = 150_000;
/** Objects and lists inside each other, in what is selected. */
export const MAX_SELECTED_DEPTH = 100;
/** Items of a selected list. */
export const MAX_POLL_ITEMS = 5_000;
/** The body of one answer to a poll or a hydration. */
export const MAX_POLL_RESPONSE_BYTES = 1024 * KIB;
/** A selected value that goes into an event; a larger one is left out, and the event says so. */
export const MAX_POLL_VALUE_BYTES = 256 * KIB;
/** A value that is remembered, so that the next event can tell what was there before. */
export const MAX_REMEMBERED_VALUE_BYTES = 2 * KIB;
/** The `body` of a poll, written as JSON. */
export const MAX_POLL_BODY_BYTES = 16 * KIB;
/** One value of a header template. */
export const MAX_POLL_HEADER_CHARS = 2_048;

export const DEFAULT_POLL_INTERVAL_SECONDS = 300;
export const MIN_POLL_INTERVAL_SECONDS = 1;
export const MAX_POLL_INTERVAL_SECONDS = 7 * 24 * 3_600;
export const DEFAULT_POLL_BUDGET_REQUESTS = 60;
export const DEFAULT_POLL_BUDGET_SECONDS = 60;
export const MAX_POLL_BUDGET_REQUESTS = 100_000;
export const MAX_POLL_BUDGET_SECONDS = 24 * 3_600;
/** `budget.credential`, a name that sources of one tenant share. */
export const MAX_CREDENTIAL_NAME_CHARS = 64;
export const DEFAULT_POLL_TIMEOUT_MS = 15_000;
/** The longest pause after failures, unless the interval itself is longer. */
export const MAX_POLL_BACKOFF_SECONDS = 3_600;
/** Failed polls of a resource in a row that make an operational event. */
export const POLL_FAILURES_BEFORE_ALARM = 5;
/** Polls in flight for one credential. */
export const MAX_POLLS_PER_CREDENTIAL = 32;
/** Polls in flight on one node. */
export const MAX_POLLS_PER_NODE = 256;
/** Resources in trouble that the status of a source names. */
export const MAX_POLL_PROBLEMS_SHOWN = 20;

/** A resource without a good look for so many intervals is stale. */
export const POLL_STALE_AFTER_INTERVALS = 3;

/** A fetched object is used again for so long at most. */
export const MAX_HYDRATE_CACHE_SECONDS = 24 * 3_600;
/** Fetched objects kept in memory, all sources of one node together. */
export const MAX_HYDRATE_CACHE_BYTES = 64 * 1024 * KIB;
/** Tries to fetch an object, the first one included. */
export const MAX_HYDRATE_TRIES = 10;
/** Requests a second that `rate_limit` of a hydration may ask for. */
export const MAX_HYDRATE_RATE_PER_SECOND = 1_000;
