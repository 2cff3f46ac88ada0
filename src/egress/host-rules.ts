/** Rules on ports and names that need no address: they hold before any resolution. */

/**
 * Ports from 1024 up that speak something else than HTTP and are known to sit on internal networks:
 * a POST to them can do harm even where the address is fine.
 */
const DENIED_PORTS: ReadonlySet<number> = new Set([
  1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190,
  5060, 5061, 5432, 5672, 5900, 5984, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
  6697, 7000, 7001, 8300, 8301, 8500, 8600, 9042, 9092, 9200, 9300, 10_080, 10_250, 10_255, 11_211,
  27_017, 27_018,
]);

const FIRST_UNPRIVILEGED_PORT = 1_024;
const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/** Why this port is refused for this scheme, or `null`. */
export function portObjection(protocol: string, port: number): string | null {
  if (port === (protocol === 'https:' ? HTTPS_PORT : HTTP_PORT)) return null;
  if (port < FIRST_UNPRIVILEGED_PORT || DENIED_PORTS.has(port)) {
    return `port ${port} is not allowed for a webhook target`;
  }
  return null;
}

/** The same for a broker's client, which may use the ports of its own kind besides. */
export function brokerPortObjection(port: number, own: readonly number[]): string | null {
  if (own.includes(port) || port === HTTPS_PORT) return null;
  return port < FIRST_UNPRIVILEGED_PORT || DENIED_PORTS.has(port)
    ? `port ${port} is not allowed for this kind of destination`
    : null;
}

/** Names under which clouds and hosts publish their metadata services. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'metadata.packet.net',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
]);

export function isMetadataName(name: string): boolean {
  return METADATA_NAMES.has(name);
}

/** Suffixes that never lead to the public internet (RFC 6761, RFC 8375, RFC 9476 and practice). */
const PRIVATE_SUFFIXES: readonly string[] = [
  '.localhost',
  '.local',
  '.localdomain',
  '.internal',
  '.intranet',
  '.private',
  '.lan',
  '.home',
  '.corp',
  '.home.arpa',
  '.in-addr.arpa',
  '.ip6.arpa',
  '.onion',
];

const MAX_NAME_LENGTH = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Why this name is refused, or `null`. `name` is in lower case and without a trailing dot. */
export function nameObjection(name: string): string | null {
  const labels = name.split('.');
  if (name.length > MAX_NAME_LENGTH || !labels.every((label) => LABEL.test(label))) {
    return 'the host name is not a valid DNS name';
  }
  if (labels.length === 1) return 'a host name without a domain is not allowed';
  if (METADATA_NAMES.has(name)) return 'the host name belongs to a metadata service';
  const suffix = PRIVATE_SUFFIXES.find((ending) => name.endsWith(ending));
  return suffix === undefined ? null : `host names ending in "${suffix}" are not allowed`;
}
