/** Opens a connection to the first server and address that lets it, all vetted by egress. */
import type { BrokerEndpoint } from '../../domain/broker-url.ts';
import type { BrokerGuard, BrokerTls, ClientIdentity } from '../../egress/port.ts';
import { BrokerFailure } from './adapter.ts';

export interface Dial {
  readonly endpoint: BrokerEndpoint;
  /** A literal address; what is dialled. */
  readonly address: string;
  readonly tls: BrokerTls | null;
}

interface Options {
  readonly guard: BrokerGuard;
  readonly identity: ClientIdentity | null;
}

/**
 * @param connect opens a connection to one address.
 * @param explain what an error of the client means; undefined for one of the socket.
 * @throws BrokerFailure of the last one tried; who does not take our credentials is the last.
 */
export async function dialFirst<Connection>(
  endpoints: readonly BrokerEndpoint[],
  { guard, identity }: Options,
  connect: (dial: Dial) => Promise<Connection>,
  explain: (error: unknown) => BrokerFailure | undefined,
): Promise<Connection> {
  let failure = new BrokerFailure('dns', 'the broker has no address');
  for (const endpoint of endpoints) {
    const vetted = await guard.vet(endpoint, identity);
    if (!vetted.ok) {
      failure = new BrokerFailure(vetted.reason, vetted.detail);
      continue;
    }
    for (const address of vetted.addresses) {
      try {
        return await connect({ endpoint, address, tls: vetted.tls });
      } catch (error) {
        failure = failureOf(error, guard, explain);
        if (failure.reason === 'auth_failed') throw failure;
      }
    }
  }
  throw failure;
}

function failureOf(
  error: unknown,
  guard: BrokerGuard,
  explain: (error: unknown) => BrokerFailure | undefined,
): BrokerFailure {
  if (error instanceof BrokerFailure) return error;
  const told = explain(error);
  if (told !== undefined) return told;
  const { reason, detail } = guard.explain(error);
  return new BrokerFailure(reason, detail);
}
