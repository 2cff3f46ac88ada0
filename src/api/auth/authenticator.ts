/**
 * From the headers of a request to the principal behind it. Synchronous but for the first use of a
 * tenant by the admin key: publishing asks thousands of times a second.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ALL_SCOPES, hashApiKey, isScope } from '../../domain/api-key.ts';
import { DEFAULT_TENANT, TENANT_NAME, TENANT_NAME_RULE } from '../../domain/tenant.ts';
import type { ApiKeyRecord } from '../../storage/control.ts';
import type { TenantDirectory } from '../../storage/tenant-directory.ts';
import { invalid, Problem } from '../problems.ts';
import type { KeyDirectory } from './key-directory.ts';
import type { Principal } from './principal.ts';

export const TENANT_HEADER = 'bellwire-tenant';
const SHA256_HEX = /^[0-9a-f]{64}$/;
const BEARER = /^bearer +(\S+)$/i;

const MAX_REMEMBERED_HASHES = 1_000;

interface Options {
  readonly tenants: TenantDirectory;
  readonly keys: KeyDirectory;
  /** SHA-256 of the admin key, lower-case hex. */
  readonly adminKeyHash: string;
}

export class Authenticator {
  readonly #options: Options;
  readonly #adminHash: Buffer;
  /** By authorization header, valid or not: only the hash is asked whether it may enter. */
  readonly #hashes = new Map<string, string>();
  readonly #adminByTenant = new Map<number, Principal>();
  /** Scopes are read once for a key, not for each request. */
  readonly #principals = new WeakMap<ApiKeyRecord, Principal>();

  constructor(options: Options) {
    this.#options = options;
    this.#adminHash = Buffer.from(options.adminKeyHash, 'latin1');
    if (!SHA256_HEX.test(options.adminKeyHash)) throw new TypeError('adminKeyHash is no SHA-256');
  }

  /** @throws Problem `unauthorized`, `wrong_tenant`, `tenant_is_deleting`, `validation_failed`. */
  identify(headers: IncomingHttpHeaders): Principal | Promise<Principal> {
    const wanted = headers[TENANT_HEADER];
    const name = Array.isArray(wanted) ? wanted.join() : wanted;
    const hash = this.#hashOf(headers.authorization);
    if (this.#isAdmin(hash)) return this.#admin(name);
    const { keys, tenants } = this.#options;
    const record = keys.findLive(hash);
    if (record === undefined) throw unauthorized();
    if (name !== undefined && tenants.find(name)?.number !== record.tenant) throw wrongTenant();
    this.refuseLeaving(record.tenant);
    return this.#ordinary(record);
  }

  /**
   * For what no tenant may do. Acts for none, so that the header is not looked at.
   * @throws Problem `unauthorized`, `admin_key_required`
   */
  requireAdminKey(headers: IncomingHttpHeaders): void {
    const hash = this.#hashOf(headers.authorization);
    if (this.#isAdmin(hash)) return;
    if (this.#options.keys.findLive(hash) === undefined) throw unauthorized();
    throw new Problem('admin_key_required', 'This is the operator’s: it needs the admin key.');
  }

  /** @throws Problem `tenant_is_deleting` */
  refuseLeaving(tenant: number): void {
    if (!this.#options.tenants.isLeaving(tenant)) return;
    throw new Problem('tenant_is_deleting', 'The tenant is being deleted, with all that it has.');
  }

  #isAdmin(hash: string): boolean {
    return timingSafeEqual(Buffer.from(hash, 'latin1'), this.#adminHash);
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
    const known = this.#options.tenants.find(name);
    return known === undefined ? this.#enter(name) : this.#adminOf(known.number);
  }

  #adminOf(tenant: number): Principal {
    this.refuseLeaving(tenant);
    let principal = this.#adminByTenant.get(tenant);
    if (principal === undefined) {
      principal = { tenant, scopes: ALL_SCOPES };
      this.#adminByTenant.set(tenant, principal);
    }
    return principal;
  }

  async #enter(name: string): Promise<Principal> {
    if (!TENANT_NAME.test(name)) throw badTenantName();
    const { number } = await this.#options.tenants.ensure(name);
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
    detail: TENANT_NAME_RULE,
  });
}
