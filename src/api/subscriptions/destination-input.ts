/**
 * From a destination as a caller wrote it to the one that is stored: credentials are taken out,
 * URLs get one spelling, and where it leads is held against the rules of egress.
 */
import {
  checkAmqpName,
  checkKafkaTopic,
  checkNatsSubject,
  checkRedisKey,
  checkRedisPath,
} from '../../domain/broker-address.ts';
import {
  readBrokerAddress,
  readBrokerUrl,
  type BrokerUrlReading,
} from '../../domain/broker-url.ts';
import { serverOf, type Credentials, type DestinationSpec } from '../../domain/destination.ts';
import type { SubscriptionSettings } from '../../domain/subscription.ts';
import type { TargetChecks } from '../deps.ts';
import { invalid, Problem, sentence, type ProblemPart } from '../problems.ts';
import type { DestinationInput } from './destination-schema.ts';

type Where = Pick<SubscriptionSettings, 'destination' | 'credentials'>;

interface Wish {
  readonly target_url?: string | undefined;
  readonly destination?: DestinationInput | undefined;
}

type Of<Kind extends DestinationInput['kind']> = Extract<DestinationInput, { kind: Kind }>;

/**
 * Where events go from now on.
 *
 * Credentials are not shown, so who writes back what they read gives none: those of before stay as
 * long as it is the same server, and do not follow to another.
 *
 * @throws Problem `target_not_allowed` or `validation_failed`
 */
export function changedDestination(current: Where, wish: Wish, checks: TargetChecks): Where {
  const input = destinationOf(wish);
  if (input === undefined) {
    const { destination, credentials } = current;
    return { destination, credentials };
  }
  const wanted = new Reader(checks, wish.destination === undefined ? '' : '/destination').read(
    input,
  );
  if (wanted.credentials !== null || !isSameServer(wanted.destination, current.destination)) {
    return wanted;
  }
  return { ...wanted, credentials: current.credentials };
}

function destinationOf({ target_url: url, destination }: Wish): DestinationInput | undefined {
  return url === undefined ? destination : { kind: 'webhook', url };
}

function isSameServer(one: DestinationSpec, other: DestinationSpec): boolean {
  return one.kind === other.kind && serverOf(one) === serverOf(other);
}

class Reader {
  readonly #checks: TargetChecks;
  /** Pointer to the destination; empty when it was written as `target_url`. */
  readonly #at: string;

  constructor(checks: TargetChecks, at: string) {
    this.#checks = checks;
    this.#at = at;
  }

  read(input: DestinationInput): Where {
    switch (input.kind) {
      case 'webhook':
        return this.#webhook(input);
      case 'rabbitmq':
        return this.#rabbitmq(input);
      case 'kafka':
        return this.#kafka(input);
      case 'sqs':
        return this.#sqs(input);
      case 'nats':
        return this.#nats(input);
      case 'redis':
        return this.#redis(input);
      case 'inbox':
        return { destination: { kind: 'inbox', name: input.name }, credentials: null };
    }
  }

  #webhook({ url }: Of<'webhook'>): Where {
    const place = this.#at === '' ? '/target_url' : '/destination/url';
    return {
      destination: { kind: 'webhook', url: this.#target(place, url).href },
      credentials: null,
    };
  }

  #rabbitmq(input: Of<'rabbitmq'>): Where {
    const { exchange, routing_key: routingKey } = input;
    this.#hold('exchange', checkAmqpName(exchange));
    this.#hold('routing_key', checkAmqpName(routingKey));
    if (exchange === '' && routingKey === '') {
      this.#hold('routing_key', 'is the name of the queue when no exchange is given');
    }
    const { server, path, credentials } = this.#server('url', readBrokerUrl('rabbitmq', input.url));
    const vhost = path === '' || path === '/' ? '' : `/${encodeURIComponent(path)}`;
    return {
      destination: { kind: 'rabbitmq', url: server + vhost, exchange, routingKey },
      credentials: this.#one(credentials, input.credentials),
    };
  }

  #redis(input: Of<'redis'>): Where {
    const { url: text, stream, max_length: maxLength = null } = input;
    this.#hold('stream', checkRedisKey(stream));
    const { server, path, credentials } = this.#server('url', readBrokerUrl('redis', text));
    this.#hold('url', checkRedisPath(path));
    const url = Number(path) === 0 ? server : `${server}/${Number(path)}`;
    return {
      destination: { kind: 'redis', url, stream, maxLength },
      credentials: this.#one(credentials, input.credentials),
    };
  }

  #nats(input: Of<'nats'>): Where {
    const { subject } = input;
    this.#hold('subject', checkNatsSubject(subject));
    const urls = input.servers.map((text, index) => {
      const url = this.#server(`servers/${index}`, readBrokerUrl('nats', text));
      if (url.path !== '') this.#hold(`servers/${index}`, 'has no path');
      return url;
    });
    const inUrls = urls.map(({ credentials }) => credentials).find((found) => found !== null);
    return {
      destination: { kind: 'nats', servers: urls.map(({ server }) => server), subject },
      credentials: this.#one(inUrls ?? null, given(input.credentials)),
    };
  }

  #kafka(input: Of<'kafka'>): Where {
    const { topic, tls } = input;
    this.#hold('topic', checkKafkaTopic(topic));
    const brokers = input.brokers.map(
      (text, index) => this.#server(`brokers/${index}`, readBrokerAddress(text, tls)).server,
    );
    return {
      destination: { kind: 'kafka', brokers, topic, tls },
      credentials: input.credentials ?? null,
    };
  }

  #sqs(input: Of<'sqs'>): Where {
    const { region, credentials } = input;
    const queueUrl = this.#target('/destination/queue_url', input.queue_url).href;
    const endpoint =
      input.endpoint === undefined
        ? null
        : this.#target('/destination/endpoint', input.endpoint).href;
    const access = credentials && {
      accessKeyId: credentials.access_key_id,
      secretAccessKey: credentials.secret_access_key,
      ...(credentials.session_token !== undefined && { sessionToken: credentials.session_token }),
    };
    return {
      destination: { kind: 'sqs', queueUrl, region, endpoint },
      credentials: access ?? null,
    };
  }

  #target(pointer: string, text: string): URL {
    const check = this.#checks.checkTarget(text);
    if (!check.ok) throw notAllowed({ pointer, detail: check.reason, code: check.code });
    return check.url;
  }

  #server(member: string, reading: BrokerUrlReading) {
    const pointer = `${this.#at}/${member}`;
    if (!reading.ok) throw invalid({ pointer, code: 'invalid_url', detail: reading.reason });
    const refusal = this.#checks.checkBroker(reading.url.endpoint);
    if (refusal === null) return reading.url;
    throw notAllowed({ pointer, detail: refusal.reason, code: refusal.code });
  }

  #hold(member: string, problem: string | undefined): void {
    if (problem === undefined) return;
    throw invalid({ pointer: `${this.#at}/${member}`, code: 'invalid', detail: problem });
  }

  #one(inUrl: Credentials | null, beside: Credentials | undefined): Credentials | null {
    if (beside === undefined) return inUrl;
    if (inUrl === null) return beside;
    const detail = "can't be given beside a user or password in the URL";
    throw invalid({ pointer: `${this.#at}/credentials`, code: 'conflicting_field', detail });
  }
}

/** Of a union, whose members have no index signature. */
function given(credentials: Of<'nats'>['credentials']): Credentials | undefined {
  return credentials && { ...credentials };
}

function notAllowed(part: ProblemPart): Problem {
  return new Problem('target_not_allowed', sentence(part), { errors: [part] });
}
