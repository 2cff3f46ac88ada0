/**
 * Where the events of a subscription go: one shape for each kind. Nothing here is secret; what
 * opens a broker's door stands in the `credentials` of the subscription, sealed.
 */

export interface WebhookDestination {
  readonly kind: 'webhook';
  /** Normalised by WHATWG URL (`url.href`). */
  readonly url: string;
}

export interface RabbitmqDestination {
  readonly kind: 'rabbitmq';
  /** `amqp://host:port` or `amqps://host:port`, and the virtual host as its path; no userinfo. */
  readonly url: string;
  /** Empty for the default exchange, where the routing key is the name of a queue. */
  readonly exchange: string;
  /** `{event_type}` in it stands for the type of each event. */
  readonly routingKey: string;
}

export interface KafkaDestination {
  readonly kind: 'kafka';
  /** `host:port`, the first to be asked for the others. */
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly tls: boolean;
}

export interface SqsDestination {
  readonly kind: 'sqs';
  /** A queue whose name ends in `.fifo` keeps the order of each message group. */
  readonly queueUrl: string;
  readonly region: string;
  /** Another server that speaks the protocol of SQS, or null for AWS. */
  readonly endpoint: string | null;
}

export interface NatsDestination {
  readonly kind: 'nats';
  /** `nats://host:port` or `tls://host:port`, tried in this order; no userinfo. */
  readonly servers: readonly string[];
  /** One that a stream listens to. `{event_type}` in it stands for the type of each event. */
  readonly subject: string;
}

export interface RedisDestination {
  readonly kind: 'redis';
  /** `redis://host:port` or `rediss://host:port`, and the database as its path; no userinfo. */
  readonly url: string;
  /** Name of the stream. */
  readonly stream: string;
  /** About so many entries are kept, or null for all. */
  readonly maxLength: number | null;
}

export interface InboxDestination {
  readonly kind: 'inbox';
  readonly name: string;
}

export type BrokerDestination =
  | RabbitmqDestination
  | KafkaDestination
  | SqsDestination
  | NatsDestination
  | RedisDestination;

/**
 * Inside Bellwire: fetches the object that a thin event of this source is about, and publishes the
 * event anew with it. Its subscriptions are Bellwire's own; nobody creates or sees them.
 */
export interface HydrateDestination {
  readonly kind: 'hydrate';
  /** Number of the source, and its public id. */
  readonly source: number;
  readonly sourceId: string;
}

export type DestinationSpec =
  | WebhookDestination
  | BrokerDestination
  | InboxDestination
  | HydrateDestination;

export type DestinationKind = DestinationSpec['kind'];

/** Those that subscribers may choose. */
export const DESTINATION_KINDS = [
  'webhook',
  'rabbitmq',
  'kafka',
  'sqs',
  'nats',
  'redis',
  'inbox',
] as const satisfies readonly DestinationKind[];

/** Username, password, token …: what a kind takes is checked where it is written. */
export type Credentials = Readonly<Record<string, string>>;

/**
 * Where it leads, in one line: what people see, and what lanes are told apart by. Two destinations
 * with the same text share their fate.
 */
export function targetOf(destination: DestinationSpec): string {
  if (destination.kind === 'webhook') return destination.url;
  let target = targets.get(destination);
  if (target === undefined) {
    target = targetText(destination);
    targets.set(destination, target);
  }
  return target;
}

/** Asked for at every delivery, and a subscription keeps its destination as one object. */
const targets = new WeakMap<DestinationSpec, string>();

function targetText(destination: Exclude<DestinationSpec, WebhookDestination>): string {
  switch (destination.kind) {
    case 'rabbitmq': {
      const { url, exchange, routingKey } = destination;
      return `rabbitmq://${hostAndPath(url)}/${part(exchange)}/${part(routingKey)}`;
    }
    case 'kafka':
      return `kafka://${destination.brokers.join(',')}/${part(destination.topic)}`;
    case 'sqs': {
      const { queueUrl, endpoint } = destination;
      return endpoint === null ? `sqs:${queueUrl}` : `sqs:${queueUrl} at ${endpoint}`;
    }
    case 'nats': {
      const servers = destination.servers.map(hostAndPath).join(',');
      return `nats://${servers}/${part(destination.subject)}`;
    }
    case 'redis':
      return `redis://${hostAndPath(destination.url)}/${part(destination.stream)}`;
    case 'inbox':
      return `inbox:${destination.name}`;
    case 'hydrate':
      return `hydrate:${destination.sourceId}`;
  }
}

/** The server of a destination, without what is addressed on it: what credentials belong to. */
export function serverOf(destination: DestinationSpec): string {
  switch (destination.kind) {
    case 'rabbitmq':
    case 'redis':
      return destination.url;
    case 'nats':
      return destination.servers.join(' ');
    case 'kafka':
      return `${destination.tls ? 'tls' : 'plain'} ${destination.brokers.join(' ')}`;
    case 'sqs':
      return `${destination.region} ${destination.endpoint ?? destination.queueUrl}`;
    case 'webhook':
    case 'inbox':
    case 'hydrate':
      return targetOf(destination);
  }
}

/** The URL of a webhook; null for what is reached in another way. */
export function webhookUrl(destination: DestinationSpec): string | null {
  return destination.kind === 'webhook' ? destination.url : null;
}

const SCHEME = /^[a-z]+:\/\//;

function hostAndPath(url: string): string {
  return url.replace(SCHEME, '');
}

/** The braces of `{event_type}` stay readable. */
function part(text: string): string {
  return encodeURIComponent(text).replaceAll('%7B', '{').replaceAll('%7D', '}');
}

/** Fills `{event_type}` into a routing key, subject or the like. */
export function addressFor(template: string, eventType: string): string {
  return template.includes(EVENT_TYPE) ? template.replaceAll(EVENT_TYPE, eventType) : template;
}

const EVENT_TYPE = '{event_type}';
