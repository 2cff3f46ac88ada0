/**
 * Every limit that a user can meet or an operator should know, in one place. The unit is in the
 * name; `_CHARS` counts UTF-16 units, `_BYTES` counts UTF-8 bytes on the wire.
 */

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const KIB = 1024;
const MIB = 1024 * KIB;

// Event types

export const MAX_EVENT_TYPE_CHARS = 128;
/** Parts between dots. */
export const MAX_EVENT_TYPE_SEGMENTS = 16;

// Publishing

/** One event as published, its `data` included. */
export const MAX_EVENT_BODY_BYTES = 1 * MIB;
/** Events in one batch request. */
export const MAX_BATCH_EVENTS = 1_000;
/** A whole batch request; a batch of largest events must be split. */
export const MAX_BATCH_BYTES = 16 * MIB;
/** The `Idempotency-Key` header. */
export const MAX_IDEMPOTENCY_KEY_CHARS = 255;
/** A caller's own event `id`, `task_id`, `run_id`, `ordering_key`, `status`. */
export const MAX_REFERENCE_CHARS = 255;
/** How far ahead `deliver_at` may lie. */
export const MAX_DELIVER_AT_AHEAD_DAYS = 30;

// Subscriptions

export const MAX_SUBSCRIPTIONS_PER_TENANT = 10_000;
/** Patterns in `event_types`. */
export const MAX_EVENT_TYPES_PER_SUBSCRIPTION = 100;
export const MAX_TARGET_URL_CHARS = 2_048;
export const MAX_NAME_CHARS = 200;
/** `metadata`, written as JSON. */
export const MAX_METADATA_BYTES = 16 * KIB;
export const MAX_CUSTOM_HEADERS = 20;
export const MAX_CUSTOM_HEADER_NAME_CHARS = 64;
export const MAX_CUSTOM_HEADER_VALUE_CHARS = 2_048;

// One try

/** From the start of a try to the last byte of the answer that is read. */
export const DEFAULT_TIMEOUT_MS = 15_000;
export const MIN_TIMEOUT_MS = 100;
export const MAX_TIMEOUT_MS = 60_000;
/** Name resolution, TCP and TLS together; part of the timeout above. */
export const CONNECT_TIMEOUT_MS = 5_000;

// Retries

/** Steps of `retry_schedule`; a schedule of n steps allows n + 1 tries. */
export const MAX_SCHEDULE_STEPS = 50;
export const MAX_SCHEDULE_STEP_SECONDS = 7 * DAY_SECONDS;
/** Longer wishes are cut to this, so that one wrong header can't park a delivery for a year. */
export const MAX_RETRY_AFTER_MS = 10 * HOUR_SECONDS * 1000;

// Lanes and dispatch

/** Tries one subscription may have in flight. More mostly queue up at the receiver. */
export const DEFAULT_MAX_IN_FLIGHT = 64;
/** The most that `max_in_flight` may ask for. */
export const MAX_IN_FLIGHT_CAP = 256;
/** Tries per second that `rate_limit` may ask for. */
export const MAX_RATE_LIMIT_PER_SECOND = 10_000;
/** Tries in flight on one node, all lanes together. */
export const MAX_IN_FLIGHT_PER_NODE = 2_048;
/** Deliveries one lane keeps in memory; what goes beyond waits in the store. */
export const MAX_LANE_QUEUE_DELIVERIES = 100_000;
/** Deliveries one node keeps in memory, all lanes together. */
export const MAX_QUEUED_DELIVERIES_PER_NODE = 1_000_000;

// Lists

export const DEFAULT_LIST_LIMIT = 50;
export const MAX_LIST_LIMIT = 250;
