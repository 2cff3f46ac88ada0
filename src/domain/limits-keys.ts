/** Limits on asking senders for their public keys. */

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;

// Public keys of senders

/** A key set or certificate; the largest in public use has about 20 KiB. */
export const MAX_KEY_DOCUMENT_BYTES = 60 * 1024;
/** Documents kept, of all sources together. */
export const MAX_KEY_DOCUMENTS = 500;
/** URLs remembered as failing. */
export const MAX_KEY_FAILURES = 1_000;
/** Requests for keys under way at once. */
export const MAX_KEY_FETCHES = 32;
/** From sending to the last byte. Senders wait for our answer meanwhile. */
export const KEY_FETCH_TIMEOUT_MS = 4_000;

/** A document is believed for what its `Cache-Control` says, within these. */
export const MIN_KEY_AGE_SECONDS = 5 * MINUTE_SECONDS;
export const DEFAULT_KEY_AGE_SECONDS = HOUR_SECONDS;
export const MAX_KEY_AGE_SECONDS = 24 * HOUR_SECONDS;
/** How long an outdated document serves on while its publisher can't be reached. */
export const STALE_KEY_SECONDS = 24 * HOUR_SECONDS;
/** A URL that failed is left alone for this long. */
export const KEY_FAILURE_SECONDS = 30;
/** A document is asked for anew at most this often, however many unknown keys are named. */
export const KEY_REFRESH_SECONDS = 60;
/** Requests to one origin in a row; afterwards one each `KEY_ORIGIN_REFILL_SECONDS`. */
export const KEY_ORIGIN_BURST = 20;
export const KEY_ORIGIN_REFILL_SECONDS = 5;
/** Origins whose pace is remembered. */
export const MAX_KEY_ORIGINS = 1_000;
