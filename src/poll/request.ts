/** What is sent for one poll. Pure: templates, what was remembered and secrets make a request. */
import { MAX_POLL_RESPONSE_BYTES } from '../domain/limits-poll.ts';
import type { PollResource, PollSettings } from '../domain/poll/settings.ts';
import type { ResourceState } from '../domain/poll/state.ts';
import { fill } from '../domain/poll/template.ts';
import type { EgressRequest } from '../egress/port.ts';

/** Connections to one origin for one tenant; a budget rarely needs more. */
const MAX_CONNECTIONS = 8;

export interface PollPlan {
  readonly settings: PollSettings;
  readonly resource: PollResource;
  readonly state: ResourceState;
  readonly tenant: number;
  /** `Bellwire/x.y`. */
  readonly userAgent: string;
  /** By name of a template: `secret`, `secret:api_key`. */
  readonly secretOf: (name: string) => string | undefined;
}

/** @returns a sentence when it can't be made. */
export function pollRequest(plan: PollPlan): EgressRequest | string {
  const { settings, resource, tenant } = plan;
  const varOf = (name: string) => (name === 'resource' ? resource.name : resource.vars[name]);
  const address = fill(settings.url, (name) => {
    const value = varOf(name);
    return value === undefined ? undefined : encodeURIComponent(value);
  });
  const url = address === undefined ? null : URL.parse(address);
  if (url === null)
    return `the url of resource "${resource.name}" can't be filled in: see its vars`;
  const headers = headersOf(plan);
  if (typeof headers === 'string') return headers;
  const body = settings.body === null ? null : Buffer.from(filledJson(settings.body, varOf));
  if (body !== null) headers.push('content-type', 'application/json');
  return {
    url,
    method: settings.method,
    headers,
    body,
    timeoutMs: settings.timeoutMs,
    maxConnections: MAX_CONNECTIONS,
    maxResponseBytes: MAX_POLL_RESPONSE_BYTES + 1,
    poolScope: `${tenant} poll`,
  };
}

function headersOf({ settings, state, userAgent, secretOf }: PollPlan): string[] | string {
  const named = new Map([['accept', 'application/json']]);
  for (const [name, template] of Object.entries(settings.headers)) {
    const value = fill(template, secretOf);
    if (value === undefined) return `the header ${name} asks for a secret that the source lacks`;
    named.set(name.toLowerCase(), value);
  }
  const headers = [...named, ['user-agent', userAgent]].flat();
  // What was remembered for another question tells nothing about this one.
  const isSame = state.basis === settings.basis && settings.method === 'GET';
  if (isSame && state.etag !== null) headers.push('if-none-match', state.etag);
  if (isSame && state.lastModified !== null) headers.push('if-modified-since', state.lastModified);
  return headers;
}

/** JSON text with the templates in its strings filled in. */
function filledJson(body: unknown, varOf: (name: string) => string | undefined): string {
  return JSON.stringify(body, (_, value: unknown) =>
    typeof value === 'string' ? (fill(value, varOf) ?? value) : value,
  );
}
