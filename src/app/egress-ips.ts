/** `BELLWIRE_EGRESS_IPS`: addresses and networks in one spelling, or an error naming the entry. */
import ipaddr from 'ipaddr.js';
import { isSameAddress, parseAddress } from '../egress/ip-address.ts';

/** @throws Error whose message names the entry and what is wrong with it. */
export function parseEgressIps(text: string): readonly string[] {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '').map(parseEntry);
}

function parseEntry(entry: string): string {
  const [address = '', prefixText, ...rest] = entry.split('/');
  const parsed = parseAddress(address);
  if (parsed === null || rest.length > 0) {
    throw new Error(`"${entry}" is neither an IP address nor a network such as 203.0.113.0/28`);
  }
  const shown = ipaddr.parse(address).toString();
  if (prefixText === undefined) return shown;
  const longest = parsed.family === 4 ? 32 : 128;
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (!(prefix >= 1 && prefix <= longest)) {
    throw new Error(`"${entry}": the prefix must be between /1 and /${longest}`);
  }
  const first = (parsed.family === 4 ? ipaddr.IPv4 : ipaddr.IPv6)
    .networkAddressFromCIDR(`${address}/${prefix}`)
    .toString();
  if (!isSameAddress(first, address)) {
    throw new Error(`"${entry}": the network of that prefix starts at ${first}`);
  }
  return `${shown}/${prefix}`;
}
