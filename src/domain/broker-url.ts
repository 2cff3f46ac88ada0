/**
 * URLs of brokers: read once, credentials taken out, and written down in one form only, so that
 * the same server always has the same text.
 */
import type { Credentials, DestinationKind, DestinationSpec } from './destination.ts';

/** Where a socket to a broker leads. */
export interface BrokerEndpoint {
  readonly kind: DestinationKind;
  /** Lower case; no brackets, no trailing dot. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface BrokerUrl {
  readonly endpoint: BrokerEndpoint;
  /** `scheme://host:port`, the port always written out. */
  readonly server: string;
  /** Without the slash it begins with, decoded. */
  readonly path: string;
  /** From the userinfo, or null without one. */
  readonly credentials: Credentials | null;
}

export type BrokerUrlReading =
  | { readonly ok: true; readonly url: BrokerUrl }
  /** One sentence for the person who typed it; it repeats nothing of the URL. */
  | { readonly ok: false; readonly reason: string };

interface Scheme {
  readonly tls: boolean;
  readonly port: number;
}

type UrlKind = 'rabbitmq' | 'nats' | 'redis';

const SCHEMES: Readonly<Record<UrlKind, Readonly<Record<string, Scheme>>>> = {
  rabbitmq: { amqp: { tls: false, port: 5672 }, amqps: { tls: true, port: 5671 } },
  nats: { nats: { tls: false, port: 4222 }, tls: { tls: true, port: 4222 } },
  redis: { redis: { tls: false, port: 6379 }, rediss: { tls: true, port: 6380 } },
};

/** Ports on which each kind is at home, beside those open to all. */
export const BROKER_PORTS: Readonly<Partial<Record<DestinationKind, readonly number[]>>> = {
  rabbitmq: [5672, 5671],
  nats: [4222],
  redis: [6379, 6380],
  kafka: [9092, 9093, 9094],
};

const URL_SCHEME = /^([a-z]+):\/\//i;

/** Reads `amqps://user:password@host/path` and the like. */
export function readBrokerUrl(kind: UrlKind, text: string): BrokerUrlReading {
  const schemes = SCHEMES[kind];
  const name = URL_SCHEME.exec(text)?.[1]?.toLowerCase() ?? '';
  const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
  if (scheme === undefined) {
    const known = Object.keys(schemes).map((one) => `${one}://`);
    return wrong(`must begin with ${known.join(' or ')}`);
  }
  // Only of its own schemes WHATWG URL reads hosts by the rules; any of them will do.
  const parsed = URL.parse(text.replace(URL_SCHEME, 'ws://'));
  if (parsed === null) return wrong('is not a valid URL');
  if (parsed.search !== '' || parsed.hash !== '') return wrong('takes no parameters after "?"');
  const decoded = decodeAll([parsed.username, parsed.password, parsed.pathname.slice(1)]);
  if (decoded === undefined) return wrong('holds a "%" that is not followed by two hex digits');
  const [username = '', password = '', path = ''] = decoded;
  const port = parsed.port === '' ? scheme.port : Number(parsed.port);
  const endpoint = { kind, host: bareHost(parsed.hostname), port, tls: scheme.tls };
  return {
    ok: true,
    url: {
      endpoint,
      server: `${name}://${parsed.hostname}:${port}`,
      path,
      credentials: username === '' && password === '' ? null : { username, password },
    },
  };
}

const HOST_AND_PORT = /^(\[[^\]]+\]|[^:[\]/@\s]+):(\d{1,5})$/;

/** Reads `host:port` of a Kafka broker. */
export function readBrokerAddress(text: string, tls: boolean): BrokerUrlReading {
  const [, host = '', digits = ''] = HOST_AND_PORT.exec(text) ?? [];
  const port = Number(digits);
  const parsed = host === '' ? null : URL.parse(`ws://${host}/`);
  if (parsed === null || port < 1 || port > 65_535) {
    return wrong('is written as host:port, such as kafka.example.com:9093');
  }
  const endpoint = { kind: 'kafka', host: bareHost(parsed.hostname), port, tls } as const;
  const server = `${parsed.hostname}:${port}`;
  return { ok: true, url: { endpoint, server, path: '', credentials: null } };
}

/** Where the sockets of a destination lead; nothing for those that have none of their own. */
export function endpointsOf(destination: DestinationSpec): readonly BrokerEndpoint[] {
  return readingsOf(destination).map((reading) => {
    if (!reading.ok) throw new TypeError(`The URL of a ${destination.kind} ${reading.reason}`);
    return reading.url.endpoint;
  });
}

function readingsOf(destination: DestinationSpec): readonly BrokerUrlReading[] {
  switch (destination.kind) {
    case 'rabbitmq':
    case 'redis':
      return [readBrokerUrl(destination.kind, destination.url)];
    case 'nats':
      return destination.servers.map((server) => readBrokerUrl('nats', server));
    case 'kafka':
      return destination.brokers.map((broker) => readBrokerAddress(broker, destination.tls));
    case 'webhook':
    case 'sqs':
    case 'inbox':
      return [];
  }
}

function bareHost(hostname: string): string {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return bare.endsWith('.') ? bare.slice(0, -1) : bare;
}

function decodeAll(texts: readonly string[]): string[] | undefined {
  try {
    return texts.map((text) => decodeURIComponent(text));
  } catch {
    return undefined;
  }
}

function wrong(reason: string): BrokerUrlReading {
  return { ok: false, reason };
}
