import { isIP } from 'node:net';
import { classifyAddress } from './address-table.ts';
import type { AllowTargets } from './allow-targets.ts';
import { nameObjection, portObjection } from './host-rules.ts';
import { MAX_URL_LENGTH } from './limits.ts';

export type TargetErrorCode =
  | 'invalid_url'
  | 'url_too_long'
  | 'scheme_not_allowed'
  | 'userinfo_not_allowed'
  | 'port_not_allowed'
  | 'host_not_allowed'
  | 'address_not_allowed';

export interface TargetRefusal {
  readonly ok: false;
  readonly code: TargetErrorCode;
  /** One sentence for the person who typed the URL. */
  readonly reason: string;
}

export type TargetCheck = { readonly ok: true; readonly url: URL } | TargetRefusal;

export interface TargetPolicy {
  readonly allowTargets: AllowTargets;
  /** Whether plain http is accepted for targets that are not on the allow list. */
  readonly allowHttp: boolean;
}

/** Where a connection would go, read off a parsed URL. */
export interface TargetHost {
  /** `https:` or `http:`; anything else is refused. */
  readonly protocol: string;
  /** Lower case; no brackets, no trailing dot. */
  readonly host: string;
  readonly port: number;
}

/** The two addresses `localhost` stands for; it is never asked of a resolver. */
export const LOCALHOST_ADDRESSES: readonly string[] = ['127.0.0.1', '::1'];

/**
 * Judges a target URL as a person typed it. The text is parsed once by the WHATWG algorithm and
 * only the parsed form is used from here on, so there is no second parser to disagree with.
 * The same rules run again at each connect: a pass here promises nothing about what the name
 * resolves to.
 */
export function checkTargetUrl(text: string, policy: TargetPolicy): TargetCheck {
  if (text.length > MAX_URL_LENGTH) return tooLong();
  const url = URL.parse(text);
  if (url === null) return refuse('invalid_url', 'the target URL is not a valid URL');
  if (url.href.length > MAX_URL_LENGTH) return tooLong();
  if (url.username !== '' || url.password !== '') {
    return refuse('userinfo_not_allowed', 'the target URL must not contain a user or password');
  }
  const refusal = checkHost(hostOf(url), policy);
  if (refusal !== null) return refusal;
  url.hash = '';
  return { ok: true, url };
}

/** Reads protocol, host and port from a parsed URL. */
export function hostOf(url: URL): TargetHost {
  return targetHost(url.protocol, url.hostname, url.port);
}

/** `hostname` may carry brackets or a trailing dot; an empty `port` means the scheme's default. */
export function targetHost(protocol: string, hostname: string, port: string): TargetHost {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const host = bare.endsWith('.') ? bare.slice(0, -1) : bare;
  const defaultPort = protocol === 'https:' ? 443 : 80;
  return { protocol, host, port: port === '' ? defaultPort : Number(port) };
}

/** The rules that hold before resolution; `null` when the host passes. */
export function checkHost(target: TargetHost, policy: TargetPolicy): TargetRefusal | null {
  const { protocol, host, port } = target;
  if (protocol !== 'https:' && protocol !== 'http:') {
    return refuse('scheme_not_allowed', 'the target URL must use https');
  }
  if (isOpened(target, policy.allowTargets)) return null;
  if (protocol === 'http:' && !policy.allowHttp) {
    return refuse('scheme_not_allowed', 'the target URL must use https, not http');
  }
  const portProblem = portObjection(protocol, port);
  if (portProblem !== null) return refuse('port_not_allowed', portProblem);
  if (isIP(host) !== 0) {
    return classifyAddress(host).allowed
      ? null
      : refuse('address_not_allowed', 'the target address is not a public internet address');
  }
  const nameProblem = nameObjection(host);
  return nameProblem === null ? null : refuse('host_not_allowed', nameProblem);
}

/** A literal the operator listed with this port, or `localhost` where loopback is listed. */
function isOpened(target: TargetHost, allowTargets: AllowTargets): boolean {
  const addresses = target.host === 'localhost' ? LOCALHOST_ADDRESSES : [target.host];
  return addresses.some((address) => allowTargets.allows(address, target.port));
}

function tooLong(): TargetRefusal {
  return refuse('url_too_long', `the target URL is longer than ${MAX_URL_LENGTH} characters`);
}

function refuse(code: TargetErrorCode, reason: string): TargetRefusal {
  return { ok: false, code, reason };
}
