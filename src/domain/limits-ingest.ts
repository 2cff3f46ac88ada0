/** Limits of the front door, `/in/…`; see `limits.ts` for how they are written. */

const KIB = 1024;
const MIB = 1024 * KIB;

// Inbound requests

/** One inbound request's body, unless its source asks for less or more. */
export const DEFAULT_INBOUND_BODY_BYTES = 10 * MIB;
/** The most that `max_body_bytes` of a source may ask for. */
export const MAX_INBOUND_BODY_BYTES = 25 * MIB;
/** Bodies that are being received, all connections of one node together. */
export const MAX_RECEIVING_BYTES = 256 * MIB;

/** A body slower than this, once it has taken `SLOW_BODY_GRACE_MS`, ends with 408. */
export const MIN_BODY_BYTES_PER_SECOND = 256;
export const SLOW_BODY_GRACE_MS = 5_000;

/** Entries of `ip_allowlist` of a source, and of `BELLWIRE_TRUSTED_PROXIES`. */
export const MAX_NETWORKS = 256;
/** Addresses in one `X-Forwarded-For` that are looked at, from the nearest one on. */
export const MAX_FORWARDED_HOPS = 32;

/** `rate_limit` of a source, requests a second. */
export const MAX_SOURCE_RATE_PER_SECOND = 100_000;
/** Requests that are refused for one source and address, or for unknown tokens of one address. */
export const MAX_REFUSALS_PER_SECOND_PER_ADDRESS = 100;
/** Addresses (of a source) that are remembered for that; the longest quiet is forgotten first. */
export const MAX_REMEMBERED_ADDRESSES = 20_000;

/** Refused requests that are stored a second and source; the rest is counted in one row. */
export const MAX_STORED_REFUSALS_PER_SECOND = 10;
/** Sources whose refusals are counted at a time. */
export const MAX_SAMPLED_SOURCES = 10_000;
/** Of a refused request's body, so many bytes are stored. */
export const MAX_STORED_BODY_BYTES = 4 * KIB;
/** Of a refused request, so many headers and so much of each are stored. */
export const MAX_STORED_HEADERS = 50;
export const MAX_STORED_HEADER_VALUE_CHARS = 512;

/** One secret of a source; a PEM key is the longest kind. */
export const MAX_SOURCE_SECRET_CHARS = 16 * KIB;
/** `config` of a source, written as JSON; that of a poll source may list many resources. */
export const MAX_SOURCE_CONFIG_BYTES = 512 * KIB;
/** Pointers in `fields` of a source. */
export const MAX_SOURCE_FIELDS = 100;
/** A JSON Pointer in `fields` or `dedupe`. */
export const MAX_POINTER_CHARS = 255;
/** The body of a source's own `reply`. */
export const MAX_REPLY_BODY_CHARS = 4 * KIB;
/** Objects and lists inside each other in an inbound JSON body. */
export const MAX_INBOUND_JSON_DEPTH = 500;
