/** Where clients reach this server: what is configured, or else where it listens. */
import type { AddressInfo } from 'node:net';
import type { Config } from './config.ts';

export class PublicUrl {
  readonly #configured: string | undefined;
  readonly #scheme: string;
  #listening: string;

  constructor({ public_url: configured, host, port, tls_cert_file: certificate }: Config) {
    this.#configured = configured?.replace(/\/+$/, '');
    this.#scheme = certificate === undefined ? 'http' : 'https';
    this.#listening = this.#urlOf(host, port);
  }

  /** Without a slash at the end. */
  get text(): string {
    return this.#configured ?? this.#listening;
  }

  /** The port is known only now when any free one was asked for. @returns where it listens. */
  listens(host: string, address: AddressInfo | string | null): string {
    this.#listening = this.#urlOf(host, typeof address === 'object' ? address?.port : undefined);
    return this.#listening;
  }

  #urlOf(host: string, port: number | undefined): string {
    const name = host.includes(':') ? `[${host}]` : host;
    return `${this.#scheme}://${name}:${String(port)}`;
  }
}
