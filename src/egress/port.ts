import type { SecureContext } from 'node:tls';
import type { HttpResult, TransportFailure } from '../domain/attempt-result.ts';
import type { BrokerEndpoint } from '../domain/broker-url.ts';
import type { TargetCheck, TargetRefusal } from './target-url.ts';

/**
 * Request headers: an object, or name and value by turns in one flat array. The array is the faster
 * form; names are best in lower case. `host` is refused: it is always the host of the URL.
 */
export type EgressHeaders = Readonly<Record<string, string>> | readonly string[];

/** What we show to a server in mutual TLS. */
export interface ClientIdentity {
  /** Different for every certificate, key and authority; connections are shared within one only. */
  readonly id: string;
  /** PEM, the issuers behind it. */
  readonly certificate: string;
  /** PEM, not encrypted. */
  readonly privateKey: string;
  /** PEM: authorities trusted for this server on top of the usual ones; null for none. */
  readonly ca: string | null;
}

export interface EgressRequest {
  readonly url: URL;
  readonly method: 'POST' | 'GET' | 'PUT' | 'OPTIONS';
  readonly headers: EgressHeaders;
  readonly body: Uint8Array | null;
  /** Total time from `send` to the last byte of the response, milliseconds, 1–300,000. */
  readonly timeoutMs: number;
  /** Connections to this origin for this `limitGroup`, 1–256; further requests wait their turn. */
  readonly maxConnections: number;
  /**
   * Requests of one group share a limit and a queue, and wait for no other group; give the number
   * of the subscription. Without one they share the group of those without.
   */
  readonly limitGroup?: number;
  /** Connections are shared only inside one scope; give the tenant's id. Default: empty. */
  readonly poolScope?: string;
  /**
   * Bytes of the response body that are kept, instead of 64 KiB. Whoever has to know that nothing
   * was cut asks for one byte more than is wanted.
   */
  readonly maxResponseBytes?: number | undefined;
  /** For mutual TLS; the URL must be https. */
  readonly identity?: ClientIdentity | undefined;
}

/** A request under way. */
export interface EgressHandle {
  /** Ends the request: its result is the failure `reset`, "aborted by shutdown". Idempotent. */
  abort(): void;
}

export interface BrokerTls {
  /** The name the certificate must be for; absent for a literal address. */
  readonly servername?: string;
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: true;
}

export type VettedBroker =
  | {
      readonly ok: true;
      /** To be dialled in this order, and no others; at least one. */
      readonly addresses: readonly string[];
      /** What `tls.connect` needs besides the address; null where no TLS is spoken. */
      readonly tls: BrokerTls | null;
    }
  | {
      readonly ok: false;
      readonly reason: TransportFailure;
      /** One sentence for a person; safe to show to a tenant. */
      readonly detail: string;
    };

/** What clients of brokers ask before each connection they open. */
export interface BrokerGuard {
  /** Judges by everything that can be known without resolving the name. */
  check(endpoint: BrokerEndpoint): TargetRefusal | null;
  /** Resolves the name and holds every answer against the address rules. */
  vet(endpoint: BrokerEndpoint, identity: ClientIdentity | null): Promise<VettedBroker>;
  /** What an error of a socket or a handshake means, in words for a tenant. */
  explain(error: unknown): { readonly reason: TransportFailure; readonly detail: string };
}

/** The port to the outside world over HTTP. Everything outbound goes through it. */
export interface Egress {
  /**
   * Sends one request. `done` is called exactly once, never before `send` has returned. Redirects
   * are not followed, bodies are not decoded, and at most 64 KiB of a response body are kept
   * (`maxResponseBytes`).
   */
  send(request: EgressRequest, done: (result: HttpResult) => void): EgressHandle;
  /** Judges a target URL by everything that can be known without resolving its name. */
  checkTarget(text: string): TargetCheck;
  readonly brokers: BrokerGuard;
  /** Tries to reach loopback in every known disguise; rejects when something came through. */
  selfTest(): Promise<void>;
  /** Aborts what is under way and closes all connections. Idempotent. */
  close(): Promise<void>;
}
