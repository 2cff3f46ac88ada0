/** What a source adds to its scheme, and what a scheme does as long as something is missing. */
import type { InboundVerifier, VerifierOptions } from '../verifier.ts';
import { HmacSha256Key } from '../../hmac.ts';
import { refuse } from './verdict.ts';

const encoder = new TextEncoder();
const PLACEHOLDER = /\{config\.([a-z0-9_]+)\}/g;

/**
 * Believes nobody. For settings that are known only once the provider knows the source's URL: the
 * source can be made, and until it is complete the sender is asked to try again.
 *
 * @param need what the owner has to do, as a sentence.
 */
export function unconfigured(need: string): InboundVerifier {
  const verdict = refuse('key_unavailable', need);
  return { verify: () => verdict };
}

/** Names of the settings that the text needs and the source does not have. */
export function missingSettings(text: string, options: VerifierOptions): readonly string[] {
  const names = [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
  return names.filter((name) => setting(options, name) === undefined);
}

/** The text with the source's settings in the places of `{config.name}`. */
export function withSettings(text: string, options: VerifierOptions): string {
  return text.replaceAll(PLACEHOLDER, (_, name: string) => setting(options, name) ?? '');
}

/** `undefined` when it is not set; an empty setting is not set. */
export function setting(options: VerifierOptions, name: string): string | undefined {
  const value = Object.hasOwn(options.config, name) ? options.config[name]?.trim() : undefined;
  return value === '' ? undefined : value;
}

/** A setting with several values, separated by commas. */
export function settingList(options: VerifierOptions, name: string): readonly string[] {
  const parts = setting(options, name)?.split(',') ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/**
 * Where keys are asked for: `https`, a host, no credentials, no fragment.
 *
 * @throws TypeError naming the setting.
 */
export function mustBeKeyUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isFit =
    url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
  if (!isFit) {
    throw new TypeError(`${name} must be an https URL without credentials or fragment`);
  }
  return url.href;
}

/**
 * @param what what the provider calls it.
 * @throws TypeError where there is none, or an empty one: either would let anyone in.
 */
export function mustHaveSecrets(options: VerifierOptions, what: string): readonly string[] {
  if (options.secrets.length === 0) throw new TypeError(`This source needs a secret: ${what}`);
  if (options.secrets.some((secret) => secret.trim() === '')) {
    throw new TypeError('A secret must not be empty');
  }
  return options.secrets;
}

/** HMAC-SHA256 keys from the secrets' own text. @throws TypeError as `mustHaveSecrets`. */
export function textKeys(options: VerifierOptions, what: string): readonly HmacSha256Key[] {
  return mustHaveSecrets(options, what).map((secret) => new HmacSha256Key(encoder.encode(secret)));
}

/** The index of the first that matches, after asking all, so that time tells nothing; else null. */
export function indexOfMatch<Item>(
  items: readonly Item[],
  matches: (item: Item) => boolean,
): number | null {
  let found: number | null = null;
  for (const [index, item] of items.entries()) {
    if (matches(item) && found === null) found = index;
  }
  return found;
}
