/** Limits of destinations other than webhooks, each with its unit. */

// Message brokers

/** Servers that a destination may name. */
export const MAX_BROKER_SERVERS = 10;
/** Characters of an address within a broker: exchange, routing key, topic, subject, stream. */
export const MAX_BROKER_ADDRESS_CHARS = 255;
/** Characters of the URL of a broker, userinfo included. */
export const MAX_BROKER_URL_CHARS = 2_048;
/** Characters of one credential: a password, a token, a signed user document. */
export const MAX_BROKER_CREDENTIAL_CHARS = 8_192;
/** Characters of an inbox's name. */
export const MAX_INBOX_NAME_CHARS = 64;
/** Entries that a stream may be asked to keep. */
export const MAX_STREAM_LENGTH = 1_000_000_000;

/** Messages that go out in one batch. */
export const MAX_BROKER_BATCH_MESSAGES = 500;
/** Bytes of bodies in one batch; one message always goes. */
export const MAX_BROKER_BATCH_BYTES = 4_194_304;
/** Connections to brokers that one server keeps; the longest unused is closed for a new one. */
export const MAX_BROKER_CONNECTIONS = 512;
/** Connections to brokers on behalf of one tenant. */
export const MAX_BROKER_CONNECTIONS_PER_TENANT = 32;
/** A connection to a broker without a message for this long is closed, milliseconds. */
export const BROKER_IDLE_MS = 60_000;
/** Connecting to a broker, name resolution and log-in included, milliseconds. */
export const BROKER_CONNECT_TIMEOUT_MS = 10_000;
/** Pause after a connect that failed; it doubles with each one, milliseconds. */
export const BROKER_RECONNECT_FIRST_MS = 100;
/** The longest of these pauses, milliseconds. */
export const BROKER_RECONNECT_MAX_MS = 5_000;
/** Batches of one destination that are under way at a time. */
export const MAX_BROKER_BATCHES_UNDER_WAY = 2;
/** Granularity of time limits: a try ends at most this much after its own, milliseconds. */
export const BROKER_DEADLINE_TICK_MS = 50;
