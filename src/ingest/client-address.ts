/** Who sent a request, where proxies stand between. */
import { MAX_FORWARDED_HOPS } from '../domain/limits-ingest.ts';
import { readAddress, type Networks } from './networks.ts';

/**
 * The address of the sender: that of the connection, unless it is a trusted proxy's. Then the
 * nearest address in `X-Forwarded-For` that is no trusted proxy, read from the right, because
 * everything left of that one is the sender's own claim.
 *
 * @param peer the other end of the connection.
 * @param forwarded the header, several joined with commas.
 * @param trusted null where there are no proxies: then the header means nothing.
 */
export function clientAddress(
  peer: string,
  forwarded: string | undefined,
  trusted: Networks | null,
): string {
  if (trusted === null) return plainAddress(peer);
  let nearest = plainAddress(peer);
  if (forwarded === undefined || !trusted.includes(nearest)) return nearest;
  const hops = forwarded.split(',').slice(-MAX_FORWARDED_HOPS).toReversed();
  for (const hop of hops) {
    const address = readAddress(hopAddress(hop.trim()));
    // Whoever wrote this is the last one who is known.
    if (address === undefined) return nearest;
    nearest = address.toString();
    if (!trusted.includes(nearest)) return nearest;
  }
  return nearest;
}

const MAPPED = '::ffff:';

/** Listening on `::`, Node shows IPv4 peers as IPv6. */
function plainAddress(peer: string): string {
  return peer.startsWith(MAPPED) && peer.includes('.') ? peer.slice(MAPPED.length) : peer;
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function hopAddress(hop: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop);
  if (bracketed !== null) return bracketed[1] ?? '';
  return /^([\d.]+):\d{1,5}$/.exec(hop)?.[1] ?? hop;
}

/** Whoever has an IPv6 address has 2^64 of them (RFC 6177), so these count as one. */
export function addressGroup(address: string): string {
  if (!address.includes(':')) return address;
  const parsed = readAddress(address);
  if (parsed === undefined || !('parts' in parsed)) return address;
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
