/** One request while it is verified: what the parts of a scheme read from it, each at most once. */
import * as crypto from 'node:crypto';
import { valueAtPath } from './json-path.ts';
import { parseJson, utf8 } from './code/json.ts';
import type { InboundRequest } from './request.ts';

export class SigningContext {
  readonly request: InboundRequest;
  /** As the request spells it; empty where the scheme has none. */
  timestamp = '';
  id = '';
  #json: unknown;
  #isParsed = false;

  constructor(request: InboundRequest) {
    this.request = request;
  }

  /** Text or number at a place in the body; `undefined` when there is none, or no JSON at all. */
  jsonText(path: readonly string[]): string | undefined {
    const value = valueAtPath(this.#parsed(), path);
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  }

  query(name: string): string | undefined {
    const at = this.request.url.indexOf('?');
    if (at === -1) return undefined;
    const values = new URLSearchParams(this.request.url.slice(at + 1)).getAll(name);
    return values.length === 1 ? values[0] : undefined;
  }

  bodySha256Hex(): string {
    return crypto.createHash('sha256').update(this.request.body).digest('hex');
  }

  #parsed(): unknown {
    if (!this.#isParsed) {
      this.#json = parseJson(utf8(this.request.body) ?? '');
      this.#isParsed = true;
    }
    return this.#json;
  }
}
