import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { EgressError } from './egress-error.ts';
import { MAX_CLIENT_IDENTITIES } from './limits.ts';
import { LruMap } from '../domain/lru.ts';
import type { ClientIdentity } from './port.ts';

/**
 * What TLS connections are made with. One context serves all connections without an identity,
 * because loading the root store anew costs more than a handshake; each identity has its own.
 */
export class SecureContexts {
  /** PEM, trusted on top of the usual authorities. */
  readonly #extraCa: readonly string[];
  readonly #anonymous: SecureContext;
  readonly #identified = new LruMap<SecureContext>(MAX_CLIENT_IDENTITIES);

  constructor(extraCa: readonly string[]) {
    this.#extraCa = extraCa;
    this.#anonymous = createSecureContext({ minVersion: 'TLSv1.2', ...trusting(extraCa) });
  }

  /** @throws EgressError `tls` for an identity that OpenSSL does not take. */
  of(identity: ClientIdentity | null): SecureContext {
    if (identity === null) return this.#anonymous;
    const known = this.#identified.get(identity.id);
    if (known !== undefined) return known;
    const made = this.#make(identity);
    this.#identified.set(identity.id, made);
    return made;
  }

  #make({ certificate, privateKey, ca }: ClientIdentity): SecureContext {
    const authorities = ca === null ? this.#extraCa : [...this.#extraCa, ca];
    try {
      return createSecureContext({
        minVersion: 'TLSv1.2',
        cert: certificate,
        key: privateKey,
        ...trusting(authorities),
      });
    } catch {
      // The error of OpenSSL is left out: nothing about a key is passed on.
      throw new EgressError('tls', 'the client certificate can not be used');
    }
  }
}

/** Without authorities of its own a context shares the process-wide root store. */
function trusting(authorities: readonly string[]): { ca?: string[] } {
  return authorities.length === 0 ? {} : { ca: [...getCACertificates('default'), ...authorities] };
}
