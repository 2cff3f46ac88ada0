/** Where clients reach this server: what is configured, or else where it listens. */
import type { AddressInfo } from 'node:net';
import type { Config } from './config.ts';

export class PublicUrl {
  readonly #configured: string | undefined;
  #listening: string;

  constructor({ public_url: configured, host, port }: Config) {
    this.#configured = configured?.replace(/\/+$/, '');
    this.#listening = urlOf(host, port);
  }

  /** Without a slash at the end. */
  get text(): string {
    return this.#configured ?? this.#listening;
  }

  /** The port is known only now when any free one was asked for. @returns where it listens. */
  listens(host: string, address: AddressInfo | string | null): string {
    this.#listening = urlOf(host, typeof address === 'object' ? address?.port : undefined);
    return this.#listening;
  }
}

function urlOf(host: string, port: number | undefined): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${String(port)}`;
}
