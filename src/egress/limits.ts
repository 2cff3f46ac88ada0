/** Every limit of the outbound client, with its unit. README.md says why each has its value. */

const KIB = 1_024;

/** Longest total time of one request; a larger wish is cut down to it. */
export const MAX_REQUEST_TIMEOUT_MS = 300_000;

/** Longest target URL accepted, characters after parsing. */
export const MAX_URL_LENGTH = 2_048;

/** Bytes of a response body that are kept; the socket is destroyed when more arrive. */
export const MAX_RESPONSE_BYTES = 64 * KIB;
/** Status line and headers of a response together, bytes. */
export const MAX_RESPONSE_HEAD_BYTES = 16 * KIB;

/** TCP and TLS handshakes together, over all addresses tried; name resolution comes on top. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Addresses of one name that are dialled before giving up. */
export const MAX_DIALLED_ADDRESSES = 16;

/** An idle connection is closed after this, unless the receiver asked for less or more. */
export const KEEP_ALIVE_MS = 30_000;
/** The longest idle time a receiver's `Keep-Alive` header can ask for. */
export const KEEP_ALIVE_MAX_MS = 60_000;
/** A busy connection is replaced after this too, so that a DNS change is noticed. */
export const CONNECTION_MAX_AGE_MS = 60_000;

/** Connections to one origin that a request can ask for; it shares them with its limit group. */
export const MAX_CONNECTIONS_PER_GROUP = 256;
/** Connections to one origin on behalf of one tenant, of all limit groups together. */
export const MAX_POOL_CONNECTIONS = 1_024;
/** Pools (tenant and origin) kept; beyond it the longest unused ones are closed. */
export const MAX_POOLS = 4_096;
/** Parsed targets remembered, so that a URL is taken apart once and not at each request. */
export const MAX_CACHED_TARGETS = 8_192;
/** A pool or connection without a request for this long is closed. */
export const POOL_IDLE_MS = 60_000;

/** How often unused pools and connections are looked for. */
export const POOL_SWEEP_MS = 15_000;

/** TLS sessions remembered for resumption. */
export const MAX_TLS_SESSIONS = 10_000;
/** Client identities kept ready for handshakes; those with their own authorities are large. */
export const MAX_CLIENT_IDENTITIES = 1_000;

/** Granularity of request deadlines: a request ends at most this much after its deadline. */
export const DEADLINE_TICK_MS = 50;

/** One name resolution, A and AAAA together. */
export const DNS_TIMEOUT_MS = 3_000;
/** A name with more addresses than this is refused. */
export const MAX_DNS_ANSWERS = 64;
/** Resolutions under way at once. */
export const MAX_DNS_CONCURRENCY = 64;
/** Resolutions waiting for a place; more are refused. */
export const MAX_DNS_WAITING = 1_024;
/** Names remembered, found or not. */
export const MAX_DNS_CACHED_NAMES = 10_000;
/** Bounds on how long an answer is believed; in between, its own TTL counts. */
export const DNS_CACHE_MIN_MS = 1_000;
export const DNS_CACHE_MAX_MS = 60_000;
/** How long a failed resolution is remembered, so that a dead name does not load the resolver. */
export const DNS_FAILURE_CACHE_MS = 2_000;
