/** What a source asks for in `config.hydrate`, and what an event of it leads to. Pure. */
import { compilePatterns, compileRoutes } from '../routing.ts';
import type { Source } from '../source.ts';
import { fill } from '../poll/template.ts';
import { presetOf, type HydrateRule } from './presets.ts';

export interface HydrateConfig {
  readonly url?: string | undefined;
  /** Patterns; all events of the source when left out. */
  readonly events?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cache_seconds?: number | undefined;
  readonly rate_limit?: number | undefined;
  readonly on_failure?: 'deliver_thin' | 'fail' | undefined;
  readonly retry_seconds?: readonly number[] | undefined;
  readonly timeout_ms?: number | undefined;
}

export interface HydrateSettings {
  /** Where the object of an event of that type is, or undefined where it goes on as it is. */
  readonly ruleFor: (eventType: string) => HydrateRule | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** For how long a fetched object may stand for later events, too. */
  readonly cacheMs: number;
  /** Fetches a second, or null for no limit. */
  readonly rateLimit: number | null;
  readonly onFailure: 'deliver_thin' | 'fail';
  /** Between the tries to fetch. */
  readonly retrySeconds: readonly number[];
  readonly timeoutMs: number;
}

export const DEFAULT_HYDRATE_RETRY_SECONDS: readonly number[] = [2, 10, 60];
export const DEFAULT_HYDRATE_TIMEOUT_MS = 10_000;

/** Compiled once: a changed source is a new object. */
const compiled = new WeakMap<Source, HydrateSettings | null>();

/** Undefined where the source does not hydrate, or nobody knows where its objects are. */
export function hydrateSettings(source: Source): HydrateSettings | undefined {
  // Asked for every event that comes in, and mostly the answer.
  if (source.config['hydrate'] === undefined) return undefined;
  let settings = compiled.get(source);
  if (settings === undefined) {
    settings = compile(source) ?? null;
    compiled.set(source, settings);
  }
  return settings ?? undefined;
}

function compile({ provider, config: { hydrate } }: Source): HydrateSettings | undefined {
  const config = configOf(hydrate);
  if (config === undefined) return undefined;
  const { url, events = ['**'], headers = {}, cache_seconds: cacheSeconds = 0 } = config;
  const preset = url === undefined ? presetOf(provider) : undefined;
  const rules = url === undefined ? (preset?.rules ?? []) : [{ events: ['**'], url }];
  if (rules.length === 0) return undefined;
  const isWanted = compilePatterns(events);
  const routes = compileRoutes(rules.map((value) => ({ patterns: value.events, value })));
  return {
    ruleFor: (eventType) => (isWanted(eventType) ? routes.match(eventType)[0] : undefined),
    headers: { ...preset?.headers, ...lowerCased(headers) },
    cacheMs: cacheSeconds * 1000,
    rateLimit: config.rate_limit ?? null,
    onFailure: config.on_failure ?? 'deliver_thin',
    retrySeconds: config.retry_seconds ?? DEFAULT_HYDRATE_RETRY_SECONDS,
    timeoutMs: config.timeout_ms ?? DEFAULT_HYDRATE_TIMEOUT_MS,
  };
}

/** `true` is all defaults. */
function configOf(config: unknown): HydrateConfig | undefined {
  if (config === true) return {};
  return typeof config === 'object' && config !== null ? config : undefined;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

/** A path as providers write it; nothing that leads out of it or names another host. */
const SAFE_PATH = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$/;

/** Where the object of this event is; undefined when the event does not say. */
export function objectUrl(rule: HydrateRule, data: unknown): URL | undefined {
  const text = fill(rule.url, (name) => {
    const [kind, path = ''] = splitOnce(name);
    const value = memberAt(data, path);
    if (kind === 'path') return value !== undefined && SAFE_PATH.test(value) ? value : undefined;
    return kind === 'json' && value !== undefined && value !== '' && !isDots(value)
      ? encodeURIComponent(value)
      : undefined;
  });
  return text === undefined ? undefined : (URL.parse(text) ?? undefined);
}

/** As a whole segment of a path they would lead elsewhere, encoded or not. */
function isDots(value: string): boolean {
  return value === '.' || value === '..';
}

function splitOnce(name: string): [string, string | undefined] {
  const at = name.indexOf(':');
  return at === -1 ? [name, undefined] : [name.slice(0, at), name.slice(at + 1)];
}

/** Text or number at `data.id`; own members only. */
function memberAt(data: unknown, path: string): string | undefined {
  let found = data;
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Reflect.get(found, key);
  }
  if (typeof found === 'number') return String(found);
  return typeof found === 'string' ? found : undefined;
}
