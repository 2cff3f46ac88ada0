/** What a source brings to a declarative scheme: its secrets, its settings. */
import type { VerifierOptions } from './verifier.ts';

const PLACEHOLDER = /\{config\.([a-z0-9_]+)(?:\|([^{}]*))?\}/g;

/**
 * The secrets of the source.
 *
 * @throws TypeError when there is none, or an empty one: either would let anyone in.
 */
export function secretsOf({ secrets }: VerifierOptions): readonly string[] {
  if (secrets.length === 0) throw new TypeError('This source needs a secret');
  if (secrets.some((secret) => secret.trim() === '')) {
    throw new TypeError('A secret must not be empty');
  }
  return secrets;
}

/**
 * The text with the source's settings in the places of `{config.name}` and `{config.name|default}`.
 *
 * @throws TypeError naming a setting that is missing and has no default.
 */
export function withConfig(text: string, { config }: VerifierOptions): string {
  if (!text.includes('{config.')) return text;
  return text.replaceAll(PLACEHOLDER, (_, name: string, otherwise: string | undefined) => {
    const value = Object.hasOwn(config, name) ? config[name] : undefined;
    if (value !== undefined && value !== '') return value;
    if (otherwise !== undefined) return otherwise;
    throw new TypeError(`This source needs the setting config.${name}`);
  });
}

/** A header's name from a text that may have settings in it, in lower case. */
export function headerName(text: string, options: VerifierOptions): string {
  const name = withConfig(text, options).trim().toLowerCase();
  if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return name;
  throw new TypeError(`"${name}" can't be the name of a header`);
}
