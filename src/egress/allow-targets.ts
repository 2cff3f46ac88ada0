import ipaddr from 'ipaddr.js';
import { METADATA_ADDRESSES } from './address-table.ts';
import { isSameAddress, parseAddress } from './ip-address.ts';

/** Addresses and ports the operator opened in spite of the address table. */
export interface AllowTargets {
  /** The entries as written, for the start-up warning and the health page. */
  readonly entries: readonly string[];
  /** Whether an entry covers this address and port. Each entry opens only itself. */
  allows(ip: string, port: number): boolean;
}

/** A mistake in the allow list; the message names the entry and what is wrong with it. */
export class AllowTargetsError extends Error {
  override readonly name = 'AllowTargetsError';
}

/** Nothing opened: the production default. */
export const NO_ALLOWED_TARGETS: AllowTargets = { entries: [], allows: () => false };

/**
 * Shortest prefixes accepted. They leave room for the widest private blocks (10.0.0.0/8, fc00::/7)
 * and keep the list from becoming a switch that turns the guard off.
 */
const MIN_PREFIX_IPV4 = 8;
const MIN_PREFIX_IPV6 = 7;

const ENTRY = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>[^[\]/:]*))\/(?<prefix>\d{1,3}):(?<port>\*|\d{1,5})$/;

interface Entry {
  readonly network: ipaddr.IPv4 | ipaddr.IPv6;
  readonly prefix: number;
  /** `null` means every port. */
  readonly port: number | null;
  /** Set when the entry is exactly one address. */
  readonly single: string | null;
}

/**
 * Reads `127.0.0.1/32:*,10.1.2.0/24:8443,[::1]/128:*`: CIDR and port (or `*`), comma-separated,
 * IPv6 in brackets. An empty text opens nothing. Throws `AllowTargetsError`.
 */
export function parseAllowTargets(text: string): AllowTargets {
  if (text.trim() === '') return NO_ALLOWED_TARGETS;
  const texts = text.split(',').map((part) => part.trim());
  const entries = texts.map(parseEntry);
  return {
    entries: texts,
    allows: (ip, port) => parseAddress(ip) !== null && entries.some((e) => covers(e, ip, port)),
  };
}

function covers(entry: Entry, ip: string, port: number): boolean {
  if (entry.port !== null && entry.port !== port) return false;
  if (entry.single !== null) return isSameAddress(entry.single, ip);
  const address = ipaddr.parse(ip);
  if (address.kind() !== entry.network.kind()) return false;
  return address.match(entry.network, entry.prefix) && !isMetadata(ip);
}

function isMetadata(ip: string): boolean {
  return METADATA_ADDRESSES.some((address) => isSameAddress(address, ip));
}

function parseEntry(text: string): Entry {
  const groups = ENTRY.exec(text)?.groups;
  if (groups === undefined) {
    throw wrong(text, 'write it as 10.1.2.0/24:8443 or [::1]/128:*, with a prefix and a port');
  }
  const address = groups['v6'] ?? groups['v4'] ?? '';
  const family = groups['v6'] === undefined ? 4 : 6;
  if (parseAddress(address)?.family !== family) {
    throw wrong(text, `"${address}" is not an IPv${family} address`);
  }
  const prefix = Number(groups['prefix']);
  const [shortest, longest] = family === 4 ? [MIN_PREFIX_IPV4, 32] : [MIN_PREFIX_IPV6, 128];
  if (prefix < shortest || prefix > longest) {
    throw wrong(text, `the prefix must be between /${shortest} and /${longest}`);
  }
  const network = ipaddr.parse(address);
  const first = (network.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6)
    .networkAddressFromCIDR(`${address}/${prefix}`)
    .toString();
  if (!isSameAddress(first, address)) {
    throw wrong(text, `the network of that prefix starts at ${first}`);
  }
  const port = groups['port'] === '*' ? null : Number(groups['port']);
  if (port !== null && (port < 1 || port > 65_535)) {
    throw wrong(text, 'the port must be between 1 and 65535, or *');
  }
  return { network, prefix, port, single: prefix === longest ? address : null };
}

function wrong(entry: string, why: string): AllowTargetsError {
  return new AllowTargetsError(`allow-target entry "${entry}": ${why}`);
}
