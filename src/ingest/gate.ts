/** A source made ready for its requests: everything that can be worked out once is. */
import type { RateLimit } from '../domain/rate-limit.ts';
import type { Source } from '../domain/source.ts';
import type { InboundRequest } from '../protocol/inbound/request.ts';
import type { InboundVerifier } from '../protocol/inbound/verifier.ts';
import type { ReadBody } from './body.ts';
import type { Identity } from './dedupe.ts';
import type { FieldTree } from './kept-fields.ts';
import type { Networks } from './networks.ts';
import type { Reply, RequestHead } from './port.ts';

export interface HandshakeAnswer {
  readonly reply: Reply;
  /** True where only a request that verifies may have it. */
  readonly requiresSignature: boolean;
  /** A URL to fetch, by which the provider learns that we agree. */
  readonly confirm?: string | undefined;
  /** Handed over by the provider: the source's own from now on. */
  readonly newSecret?: string | undefined;
  /** Why it was not granted, a sentence for the owner; null when it was. */
  readonly refused: string | null;
}

/** A body that could be read; see `readBody`. */
export type Content = Extract<ReadBody, { ok: true }>;

export interface Gate {
  readonly source: Source;
  /** Null lets all in. */
  readonly networks: Networks | null;
  /** Null where none is wanted. */
  readonly certificate: { readonly isShown: (head: RequestHead) => boolean } | null;
  readonly rate: RateLimit | null;
  readonly maxBodyBytes: number;
  /** @param type without parameters, lower case; empty where none was given. */
  readonly takesType: (type: string) => boolean;
  /** Null where unsigned requests are let in. */
  readonly verifier: InboundVerifier | null;
  /** Null where the provider has none. @param json the body as parsed, or undefined. */
  readonly handshake: ((request: InboundRequest, json: unknown) => HandshakeAnswer | null) | null;
  /** What the provider is used to when a signature is wrong. */
  readonly failureStatus: number;
  readonly eventTypeOf: (request: InboundRequest, content: Content) => string;
  readonly identify: (request: InboundRequest, content: Content) => Identity;
  /** Null keeps all of the body. */
  readonly fields: FieldTree | null;
  /** For what was stored, now or before. */
  readonly accepted: Reply;
  /** When one of its secrets ends, and it must be built anew; wall clock, milliseconds. */
  readonly until: number;
}

/** A source that can't take anything: its settings or secrets are of no use. */
export interface BrokenGate {
  readonly source: Source;
  /** A sentence for its owner. */
  readonly fault: string;
}
