/**
 * From the headers of a request to the principal behind it. Synchronous but for the first use of a
 * tenant by the admin key: publishing asks thousands of times a second.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { hashApiKey, isScope, type Scope } from '../../domain/api-key.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ApiKeyRecord, ControlStore } from '../../storage/control.ts';
import { invalid, Problem } from '../problems.ts';
import type { KeyDirectory } from './key-directory.ts';
import type { Principal } from './principal.ts';

export const TENANT_HEADER = 'bellwire-tenant';
const DEFAULT_TENANT = 'default';
const TENANT_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const BEARER = /^bearer +(\S+)$/i;

const MAX_REMEMBERED_HASHES = 1_000;

const ADMIN_SCOPES: readonly Scope[] = ['admin'];

interface Options {
  readonly control: ControlStore;
  readonly clock: Clock;
  readonly keys: KeyDirectory;
  /** SHA-256 of the admin key, lower-case hex. */
  readonly adminKeyHash: string;
}

export class Authenticator {
  readonly #options: Options;
  readonly #adminHash: Buffer;
  /** By authorization header, valid or not: only the hash is asked whether it may enter. */
  readonly #hashes = new Map<string, string>();
  readonly #tenantByName = new Map<string, number>();
  readonly #adminByTenant = new Map<number, Principal>();
  /** Scopes are read once for a key, not for each request. */
  readonly #principals = new WeakMap<ApiKeyRecord, Principal>();

  constructor(options: Options) {
    this.#options = options;
    this.#adminHash = Buffer.from(options.adminKeyHash, 'latin1');
    if (!SHA256_HEX.test(options.adminKeyHash)) throw new TypeError('adminKeyHash is no SHA-256');
  }

  async load(): Promise<void> {
    for (const { name, number } of await this.#options.control.tenants()) {
      this.#tenantByName.set(name, number);
    }
  }

  /** @throws Problem `unauthorized`, `wrong_tenant` or `validation_failed`. */
  identify(headers: IncomingHttpHeaders): Principal | Promise<Principal> {
    const wanted = headers[TENANT_HEADER];
    const name = Array.isArray(wanted) ? wanted.join() : wanted;
    const hash = this.#hashOf(headers.authorization);
    if (timingSafeEqual(Buffer.from(hash, 'latin1'), this.#adminHash)) return this.#admin(name);
    const record = this.#options.keys.findLive(hash);
    if (record === undefined) throw unauthorized();
    if (name !== undefined && this.#tenantByName.get(name) !== record.tenant) throw wrongTenant();
    return this.#ordinary(record);
  }

  /** Hashing is most of the work, and a publisher sends the same header thousands of times. */
  #hashOf(authorization: string | undefined): string {
    if (authorization === undefined) throw unauthorized();
    const known = this.#hashes.get(authorization);
    if (known !== undefined) return known;
    const token = bearerToken(authorization);
    if (token === undefined) throw unauthorized();
    const hash = hashApiKey(token);
    if (this.#hashes.size >= MAX_REMEMBERED_HASHES) this.#hashes.clear();
    this.#hashes.set(authorization, hash);
    return hash;
  }

  #ordinary(record: ApiKeyRecord): Principal {
    let principal = this.#principals.get(record);
    if (principal === undefined) {
      principal = { tenant: record.tenant, scopes: record.scopes.filter(isScope) };
      this.#principals.set(record, principal);
    }
    return principal;
  }

  #admin(name = DEFAULT_TENANT): Principal | Promise<Principal> {
    const known = this.#tenantByName.get(name);
    return known === undefined ? this.#enter(name) : this.#adminOf(known);
  }

  #adminOf(tenant: number): Principal {
    let principal = this.#adminByTenant.get(tenant);
    if (principal === undefined) {
      principal = { tenant, scopes: ADMIN_SCOPES };
      this.#adminByTenant.set(tenant, principal);
    }
    return principal;
  }

  async #enter(name: string): Promise<Principal> {
    if (!TENANT_NAME.test(name)) throw badTenantName();
    const { control, clock } = this.#options;
    const { number } = await control.ensureTenant(name, clock.now());
    this.#tenantByName.set(name, number);
    return this.#adminOf(number);
  }
}

function bearerToken(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.[1];
}

/** One answer for every failure, so that it tells nothing about which keys exist (RFC 6750 §3). */
function unauthorized(): Problem {
  return new Problem('unauthorized', 'This needs a valid API key.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function wrongTenant(): Problem {
  return new Problem('wrong_tenant', 'This API key can only be used for its own tenant.');
}

function badTenantName(): Problem {
  return invalid({
    header: TENANT_HEADER,
    code: 'invalid_format',
    detail:
      'a tenant name is 1 to 63 lower-case letters, digits, "_" and "-", ' +
      'and begins with a letter or digit',
  });
}
