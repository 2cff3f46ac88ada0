/** Where a subscription's events can go. */

/** What a broker asks for; it can be written and is never read. */
export type BrokerCredentials = Readonly<Record<string, string>>;

interface BrokerDestination {
  /** Written only; in `url` or `servers` as userinfo, or here. */
  readonly credentials?: BrokerCredentials;
  /** Read only. */
  readonly has_credentials?: boolean;
}

/** Where events go. `{event_type}` in an address stands for the type of each event. */
export type Destination =
  | { readonly kind: 'webhook'; readonly url: string }
  | (BrokerDestination & {
      readonly kind: 'rabbitmq';
      readonly url: string;
      readonly exchange?: string;
      readonly routing_key: string;
    })
  | (BrokerDestination & {
      readonly kind: 'kafka';
      readonly brokers: readonly string[];
      readonly topic: string;
      readonly tls?: boolean;
    })
  | (BrokerDestination & {
      readonly kind: 'sqs';
      readonly queue_url: string;
      readonly region: string;
      readonly endpoint?: string | null;
    })
  | (BrokerDestination & {
      readonly kind: 'nats';
      readonly servers: readonly string[];
      readonly subject: string;
    })
  | (BrokerDestination & {
      readonly kind: 'redis';
      readonly url: string;
      readonly stream: string;
      readonly max_length?: number | null;
    })
  | { readonly kind: 'inbox'; readonly name: string };
