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

// Event catalogue

/** Event types in the catalogue. */
export const MAX_EVENT_TYPES = 2_000;
/** The whole catalogue as JSON, so that what was exported can be imported in one request. */
export const MAX_CATALOGUE_BYTES = 8 * MIB;
/** The schema of one event type, written as JSON. */
export const MAX_SCHEMA_BYTES = 64 * KIB;
/** Objects and lists inside each other, in a schema. */
export const MAX_SCHEMA_DEPTH = 64;
/** Examples of one event type. */
export const MAX_EVENT_TYPE_EXAMPLES = 10;
/** All examples of one event type, written as JSON. */
export const MAX_EXAMPLES_BYTES = 64 * KIB;
/** A description of an event type, or what to do instead of a deprecated one. */
export const MAX_DESCRIPTION_CHARS = 10_000;
/** A document to import. */
export const MAX_IMPORT_BYTES = 16 * MIB;
/** A regular expression in a schema. */
export const MAX_PATTERN_CHARS = 2_000;
/** Parts of a regular expression in a schema, with counted repetitions written out. */
export const MAX_PATTERN_STATES = 1_000;
/** Text longer than this has no `format`: no date, address or id is as long. */
export const MAX_FORMAT_CHARS = 4_096;

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
/** How far ahead `expires_at` may lie. */
export const MAX_EXPIRES_AT_AHEAD_DAYS = 3_650;
/** `metadata`, written as JSON. */
export const MAX_METADATA_BYTES = 16 * KIB;
/** Secrets of one subscription that sign at the same time, the newest among them. */
export const MAX_LIVE_SECRETS = 10;
export const DEFAULT_SECRET_OVERLAP_SECONDS = DAY_SECONDS;
/** How long a secret may go on signing after it was replaced. */
export const MAX_SECRET_OVERLAP_SECONDS = 7 * DAY_SECONDS;
/** Entries of `signatures`. */
export const MAX_SIGNATURES_PER_SUBSCRIPTION = 5;
/** A user name, password, token, client id or client secret of `auth`. */
export const MAX_CREDENTIAL_CHARS = 4_096;
/** Each text of `client_certificate`: a chain, a key, the authorities. */
export const MAX_PEM_CHARS = 64 * KIB;
export const MAX_CUSTOM_HEADERS = 20;
export const MAX_CUSTOM_HEADER_NAME_CHARS = 64;
export const MAX_CUSTOM_HEADER_VALUE_CHARS = 2_048;

// Filters

/** The document, written as JSON. */
export const MAX_FILTER_BYTES = 16 * KIB;
/** Objects and lists inside each other. */
export const MAX_FILTER_DEPTH = 20;
/** Conditions, values and members, all counted. */
export const MAX_FILTER_NODES = 1_000;
export const MAX_FILTER_IN_VALUES = 500;
/** Conditions that may have to look through all of a value: `$contains`, objects, lists. */
export const MAX_FILTER_SCANS = 50;
/** One string that is compared with. */
export const MAX_FILTER_STRING_CHARS = 2_048;

// Transforms

/** The JSONata expression. */
export const MAX_TRANSFORM_SOURCE_CHARS = 8 * 1024;
/** One run of an expression, reading and writing of JSON included. */
export const MAX_TRANSFORM_MS = 500;
/** What one process for transforms may hold; the expression's run ends when it is used up. */
export const MAX_TRANSFORM_MEMORY_MIB = 96;
export const MAX_TRANSFORM_OUTPUT_BYTES = 1 * MIB;
/** Objects and lists inside each other. */
export const MAX_TRANSFORM_OUTPUT_DEPTH = 500;
/** Processes for transforms on one node; fewer on machines with fewer cores. */
export const MAX_TRANSFORM_BOXES = 8;
/** Runs that wait for a process, all tenants of one node together. */
export const MAX_QUEUED_TRANSFORMS = 4_096;

// Payload formats

/** A link of a thin payload is good for this long at least, and for twice as long at most. */
export const MIN_THIN_LINK_DAYS = 7;

// One try

/** From the start of a try to the last byte of the answer that is read. */
export const DEFAULT_TIMEOUT_MS = 15_000;
export const MIN_TIMEOUT_MS = 100;
export const MAX_TIMEOUT_MS = 60_000;
/** A target that is asked whether it wants events answers within this, or within its timeout. */
export const MAX_CHALLENGE_MS = 5_000;
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
/** Of these, at most so many that wait for one of their ordering key; the store takes the rest. */
export const MAX_BLOCKED_DELIVERIES_PER_NODE = 500_000;

// Replays

/** From `since` to `until` of one replay; longer spans are replayed one after the other. */
export const MAX_REPLAY_RANGE_DAYS = 31;
/** Replays of one tenant that run, are counted, or wait for a paused subscription. */
export const MAX_REPLAYS_PER_TENANT = 5;

// Tenants

/** `events_per_second` that a quota may ask for. */
export const MAX_EVENTS_PER_SECOND_QUOTA = 100_000;
/** How long events are kept, with all that became of them. */
export const DEFAULT_RETENTION_DAYS = 30;
/** `BELLWIRE_RETENTION_DAYS`, and `retention_days` of a tenant. */
export const MAX_RETENTION_DAYS = 3_650;
/** Paths in `redact`. */
export const MAX_REDACT_PATHS = 100;
export const MAX_REDACT_PATH_CHARS = 255;
/** Tenants that one broadcast may name; without names it goes to all. */
export const MAX_BROADCAST_NAMED_TENANTS = 10_000;

// Lists

export const DEFAULT_LIST_LIMIT = 50;
export const MAX_LIST_LIMIT = 250;

// Several nodes on one database

/** How long a node may be out of touch with the database before others take over its work. */
export const DEFAULT_NODE_LEASE_MS = 10_000;
