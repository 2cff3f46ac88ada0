/** A sender's published keys, read once for each document and asked anew when one is not there. */
import type { KeyObject } from 'node:crypto';
import type { KeySource } from '../verifier.ts';

/** Reads a document; `undefined` when it is not what it should be. */
export type ReadKeys<Keys> = (text: string) => Keys | undefined;

/** Keys that can't be had now, or never will be; its message is for the owner of the source. */
export class KeyUnavailableError extends Error {
  override readonly name = 'KeyUnavailableError';
}

/**
 * Keeps what the last document at a URL was read to, so that a request costs no parsing while the
 * document stays the same. How long a document lives is the key source's affair.
 */
export class KeyDocument<Keys> {
  readonly #source: KeySource;
  readonly #url: string;
  readonly #read: ReadKeys<Keys>;
  #text: string | null = null;
  #keys: Keys | undefined;

  constructor(source: KeySource, url: string, read: ReadKeys<Keys>) {
    this.#source = source;
    this.#url = url;
    this.#read = read;
  }

  /**
   * @param fresh the key in question was not in what this gave before.
   * @throws KeyUnavailableError
   */
  async keys(fresh: boolean): Promise<Keys> {
    const text = await documentAt(this.#source, this.#url, fresh);
    if (text !== this.#text) {
      this.#keys = this.#read(text);
      this.#text = text;
    }
    if (this.#keys === undefined) {
      throw new KeyUnavailableError(`What ${this.#url} answers is no set of keys.`);
    }
    return this.#keys;
  }
}

/** @throws KeyUnavailableError instead of whatever the key source throws. */
export async function documentAt(
  source: KeySource,
  url: string,
  fresh: boolean,
  post?: string,
): Promise<string> {
  try {
    return await source.document(url, fresh, post);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it could not be had';
    throw new KeyUnavailableError(`The sender's key at ${url} could not be had: ${why}`);
  }
}

/** What is asked of a set of keys: all that may fit, which is most often one. */
export type ChooseKeys<Keys> = (keys: Keys) => readonly KeyObject[];

/**
 * The keys that a signature names. When the document knows none, it is asked for once more past
 * every cache: the sender may have changed keys a moment ago.
 *
 * @throws KeyUnavailableError
 */
export async function namedKeys<Keys>(
  document: KeyDocument<Keys>,
  choose: ChooseKeys<Keys>,
): Promise<readonly KeyObject[]> {
  const found = choose(await document.keys(false));
  return found.length > 0 ? found : choose(await document.keys(true));
}
