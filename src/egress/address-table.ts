import { parseAddress, parseIPv4 } from './ip-address.ts';

/**
 * Which addresses the outside world may make us connect to.
 *
 * IPv4 is allowed except for the special-purpose blocks (IANA registry, RFC 6890, plus the cloud
 * addresses that sit in public space). IPv6 is refused except for global unicast space, and inside
 * that, blocks that embed an IPv4 address are refused as well, because a translator on the path
 * would turn them back into the address the IPv4 table forbids.
 */
export type AddressVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly why: string };

const ALLOWED: AddressVerdict = { allowed: true };

/** CIDR and reason. Everything else in IPv4 is allowed. */
export const IPV4_DENIED: readonly (readonly [cidr: string, why: string])[] = [
  ['0.0.0.0/8', 'this host'],
  ['10.0.0.0/8', 'private network'],
  ['100.64.0.0/10', 'carrier-grade NAT'],
  ['127.0.0.0/8', 'loopback'],
  ['168.63.129.16/32', 'cloud platform service'],
  ['169.254.0.0/16', 'link-local and cloud metadata'],
  ['172.16.0.0/12', 'private network'],
  ['192.0.0.0/24', 'IETF protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.31.196.0/24', 'AS112 service'],
  ['192.52.193.0/24', 'AMT relay'],
  ['192.88.99.0/24', '6to4 relay'],
  ['192.168.0.0/16', 'private network'],
  ['192.175.48.0/24', 'AS112 service'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved and broadcast'],
];

/** Blocks inside 2000::/3 that are refused. Outside 2000::/3 everything is. */
export const IPV6_DENIED: readonly (readonly [cidr: string, why: string])[] = [
  ['2001::/23', 'IETF protocol assignments, Teredo among them'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', '6to4, embeds an IPv4 address'],
  ['2620:4f:8000::/48', 'AS112 service'],
  ['3fff::/20', 'documentation'],
];

/**
 * Instance-metadata services of the clouds. All are refused by the tables above; the list exists
 * so that a wide operator allowance can't open one by accident.
 */
export const METADATA_ADDRESSES: readonly string[] = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
];

const NOT_AN_ADDRESS: AddressVerdict = { allowed: false, why: 'not an IP address' };
const NOT_GLOBAL_UNICAST: AddressVerdict = {
  allowed: false,
  why: 'IPv6 outside the global unicast space',
};
const ISATAP: AddressVerdict = { allowed: false, why: 'ISATAP, embeds an IPv4 address' };

interface IPv4Block {
  readonly base: number;
  readonly size: number;
  readonly verdict: AddressVerdict;
}

interface IPv6Block {
  readonly groups: readonly number[];
  readonly masks: readonly number[];
  readonly verdict: AddressVerdict;
}

const IPV4_BLOCKS: readonly IPv4Block[] = IPV4_DENIED.map(([cidr, why]) => {
  const [address = '', prefix = ''] = cidr.split('/');
  const size = 2 ** (32 - Number(prefix));
  return { base: parseIPv4(address) ?? 0, size, verdict: { allowed: false, why } };
});

const IPV6_BLOCKS: readonly IPv6Block[] = IPV6_DENIED.map(([cidr, why]) => {
  const [address = '', prefix = ''] = cidr.split('/');
  const parsed = parseAddress(address);
  const groups = parsed?.family === 6 ? parsed.groups : [];
  const masks = groups.map((_, index) => groupMask(Number(prefix) - index * 16));
  return { groups, masks, verdict: { allowed: false, why } };
});

/** The 16-bit mask whose first `bits` bits are set; `bits` may lie outside 0–16. */
function groupMask(bits: number): number {
  const kept = Math.min(16, Math.max(0, bits));
  return (0xffff << (16 - kept)) & 0xffff;
}

/** Judges one address in text form. What can't be read as an address is refused. */
export function classifyAddress(ip: string): AddressVerdict {
  const address = parseAddress(ip);
  if (address === null) return NOT_AN_ADDRESS;
  return address.family === 4 ? classifyIPv4(address.value) : classifyIPv6(address.groups);
}

function classifyIPv4(value: number): AddressVerdict {
  for (const block of IPV4_BLOCKS) {
    if (value >= block.base && value < block.base + block.size) return block.verdict;
  }
  return ALLOWED;
}

function classifyIPv6(groups: readonly number[]): AddressVerdict {
  if (((groups[0] ?? 0) & 0xe000) !== 0x2000) return NOT_GLOBAL_UNICAST;
  // RFC 5214: the interface identifier starts with 0000:5efe, or 0200:5efe with the global bit.
  if (((groups[4] ?? 0) & 0xfdff) === 0 && groups[5] === 0x5efe) return ISATAP;
  for (const block of IPV6_BLOCKS) {
    if (block.groups.every((base, index) => isInGroup(groups, block.masks, index, base))) {
      return block.verdict;
    }
  }
  return ALLOWED;
}

function isInGroup(
  groups: readonly number[],
  masks: readonly number[],
  index: number,
  base: number,
): boolean {
  return ((groups[index] ?? 0) & (masks[index] ?? 0)) === base;
}
