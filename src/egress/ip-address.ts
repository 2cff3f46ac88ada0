import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address as numbers: IPv4 as one unsigned 32-bit value, IPv6 as eight 16-bit groups. */
export type ParsedAddress =
  | { readonly family: 4; readonly value: number }
  | { readonly family: 6; readonly groups: readonly number[] };

const CODE_ZERO = 48;
const CODE_NINE = 57;
const CODE_DOT = 46;

/**
 * Reads the one strict text form of an address, or gives `null`. No octal, hex or short IPv4 forms
 * and no IPv6 zone: whoever has those has skipped the URL parser, which normalises or refuses them.
 */
export function parseAddress(text: string): ParsedAddress | null {
  if (text.includes(':')) {
    // Two parsers must agree: Node's gate is strict, the library gives the numbers.
    if (text.includes('%') || !isIPv6(text)) return null;
    return { family: 6, groups: ipaddr.IPv6.parse(text).parts };
  }
  const value = parseIPv4(text);
  return value === null ? null : { family: 4, value };
}

/** Dotted quad, decimal, no leading zeros → unsigned 32-bit value. */
export function parseIPv4(text: string): number | null {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === CODE_DOT) {
      if (octet < 0 || dots === 3) return null;
      value = value * 256 + octet;
      octet = -1;
      dots += 1;
    } else if (code >= CODE_ZERO && code <= CODE_NINE && octet !== 0) {
      octet = (octet < 0 ? 0 : octet * 10) + (code - CODE_ZERO);
      if (octet > 255) return null;
    } else {
      return null;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : null;
}

/** Whether two texts name the same address, whatever their notation. */
export function isSameAddress(left: string, right: string): boolean {
  if (left === right) return true;
  const one = parseAddress(left);
  const two = parseAddress(right);
  if (one?.family === 4) return two?.family === 4 && one.value === two.value;
  if (one?.family !== 6 || two?.family !== 6) return false;
  const groups = two.groups;
  return one.groups.every((group, index) => group === groups[index]);
}
