/** Requests as senders make them, and publishers of keys that live in memory. */
import type { InboundRequest } from '../protocol/inbound/request.ts';
import type { KeySource, VerifierOptions } from '../protocol/inbound/verifier.ts';

export interface InboundParts {
  readonly method?: string;
  readonly url?: string;
  /** Any spelling of the names; an undefined value is an absent header. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Uint8Array;
}

export const INBOUND_URL = 'https://hooks.example.com/in/token';

/** POST of an empty body to `INBOUND_URL`, unless told otherwise. */
export function inboundRequest(parts: InboundParts = {}): InboundRequest {
  const { method = 'POST', url = INBOUND_URL, headers = {}, body = '' } = parts;
  const named = new Map(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const),
  );
  return {
    method,
    url,
    headers: (name) => named.get(name),
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  };
}

export interface FakeKeys extends KeySource {
  /** What was asked for, in order; ` fresh` behind those that went past the cache. */
  readonly asked: string[];
  /** May be changed while a test runs. */
  documents: Record<string, string>;
}

/** Answers from a table, and throws for what is not in it. */
export function fakeKeys(documents: Record<string, string> = {}): FakeKeys {
  const asked: string[] = [];
  const keys: FakeKeys = {
    asked,
    documents,
    document(url, fresh, post) {
      asked.push(`${post ?? ''}${url}${fresh ? ' fresh' : ''}`);
      const text = keys.documents[url];
      return text === undefined
        ? Promise.reject(new Error('the publisher is away'))
        : Promise.resolve(text);
    },
  };
  return keys;
}

/** Nothing configured, and no key to be had, unless told otherwise. */
export function verifierOptions(parts: Partial<VerifierOptions> = {}): VerifierOptions {
  return { secrets: [], config: {}, keys: fakeKeys(), ...parts };
}
