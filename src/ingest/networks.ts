/** Lists of addresses and networks: who may send to a source, and which proxies are believed. */
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Network {
  readonly first: Address;
  readonly prefix: number;
}

export interface Networks {
  /** False for a text that is no address. */
  includes(address: string): boolean;
}

/** `1.2.3.4`, without the forms that some parsers read as octal or fill up. */
const DOTTED_QUAD = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/** An address in its one form: IPv4 also where IPv6 wraps it. Undefined for anything else. */
export function readAddress(text: string): Address | undefined {
  if (text.includes(':')) {
    if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
    const address = ipaddr.IPv6.parse(text);
    return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
  }
  if (!DOTTED_QUAD.test(text) || !ipaddr.IPv4.isValid(text)) return undefined;
  return ipaddr.IPv4.parse(text);
}

/**
 * Reads `203.0.113.0/24`, `2001:db8::/32` or single addresses.
 *
 * @throws TypeError with a sentence that names the entry.
 */
export function parseNetworks(entries: readonly string[]): Networks {
  const networks = entries.map(parseNetwork);
  return {
    includes(text) {
      const address = readAddress(text);
      return address !== undefined && networks.some((network) => covers(network, address));
    },
  };
}

function covers({ first, prefix }: Network, address: Address): boolean {
  return first.kind() === address.kind() && address.match(first, prefix);
}

function parseNetwork(entry: string): Network {
  const [text = '', prefixText, ...rest] = entry.split('/');
  const address = readAddress(text);
  if (address === undefined || rest.length > 0) {
    throw new TypeError(
      `"${entry}" is neither an IP address nor a network such as 203.0.113.0/24 or 2001:db8::/32`,
    );
  }
  const longest = address.kind() === 'ipv4' ? 32 : 128;
  if (prefixText === undefined) return { first: address, prefix: longest };
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (!(prefix <= longest) || (text.includes(':') && address.kind() === 'ipv4')) {
    throw new TypeError(`"${entry}": the prefix must be between /0 and /${longest}`);
  }
  const kind = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  const first = kind.networkAddressFromCIDR(`${address.toString()}/${prefix}`);
  if (first.toString() !== address.toString()) {
    throw new TypeError(`"${entry}": the network of that prefix starts at ${first.toString()}`);
  }
  return { first, prefix };
}
