import { MAX_CACHED_TARGETS } from './limits.ts';

/** The parts of a URL that sending needs, taken apart once. */
export class Target {
  readonly origin: string;
  /** Path and query, as they stand in the request line. */
  readonly path: string;
  readonly isHttp: boolean;
  #scope: string;
  #poolKey: string;

  constructor(url: URL) {
    this.origin = url.origin;
    this.path = url.pathname + url.search;
    this.isHttp = url.protocol === 'https:' || url.protocol === 'http:';
    this.#scope = '';
    this.#poolKey = keyOf(this.origin, '');
  }

  /** The last scope's key is kept: a target nearly always belongs to one tenant. */
  poolKey(scope: string): string {
    if (scope !== this.#scope) {
      this.#scope = scope;
      this.#poolKey = keyOf(this.origin, scope);
    }
    return this.#poolKey;
  }
}

/** Targets by `href`; keyed by text and not by object because a URL object can be changed. */
export class Targets {
  #targets = new Map<string, Target>();

  get(url: URL): Target {
    const known = this.#targets.get(url.href);
    if (known !== undefined) return known;
    if (this.#targets.size >= MAX_CACHED_TARGETS) this.#targets.clear();
    const target = new Target(url);
    this.#targets.set(url.href, target);
    return target;
  }
}

/** An origin holds no space, so the key can't be read two ways whatever the scope holds. */
function keyOf(origin: string, scope: string): string {
  return `${origin} ${scope}`;
}
