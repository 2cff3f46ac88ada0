/** Receiving as a whole: the front door over the sources of an installation. */
import type { Publisher } from '../accept/publication.ts';
import type { Source } from '../domain/source.ts';
import type { KeySource } from '../protocol/inbound/verifier.ts';
import { PROVIDERS } from '../protocol/providers/catalogue.ts';
import type { Provider } from '../protocol/providers/provider.ts';
import type { Clock } from '../runtime/clock.ts';
import type { JournalWriter } from '../storage/journal-writer.ts';
import type { SourceRegistry } from '../storage/source-registry.ts';
import { buildGate } from './build-gate.ts';
import { createFrontDoor } from './front-door.ts';
import { gatesOf } from './gates.ts';
import { parseNetworks } from './networks.ts';
import { NotedRequests } from './noted-requests.ts';
import type { FrontDoor } from './port.ts';
import { SourceFault } from './source-fault.ts';
import { OWN_PROVIDERS } from './source-provider.ts';

interface Options {
  readonly sources: Pick<SourceRegistry, 'byToken' | 'change'>;
  readonly publisher: Publisher;
  readonly writer: Pick<JournalWriter, 'noteInbound'>;
  readonly clock: Clock;
  readonly keys: KeySource;
  /** Fetches a URL by which a provider learns that we agree. Rejects when that fails. */
  readonly confirm: (url: string) => Promise<void>;
  /** Where clients reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Addresses and networks; empty where none stands in front. */
  readonly trustedProxies: readonly string[];
  readonly onError: (error: unknown) => void;
}

export interface Ingest {
  readonly frontDoor: FrontDoor;
  /** Whether a source of these settings would work; else the field to blame, and why. */
  readonly checkSource: (
    source: Source,
  ) => { readonly pointer: string; readonly reason: string } | undefined;
  /** All that a source may name. */
  readonly providers: readonly Provider[];
  /** Writes down what was only counted so far. Nothing may come in any more. */
  stop(): void;
}

/** @throws TypeError for a trusted proxy that is no address and no network. */
export function createIngest(options: Options): Ingest {
  const { sources, writer, clock, keys, trustedProxies: proxies } = options;
  const trustedProxies = proxies.length === 0 ? null : parseNetworks(proxies);
  const note = (inbound: Parameters<JournalWriter['noteInbound']>[0]) => {
    writer.noteInbound(inbound);
  };
  const noted = new NotedRequests({ note, clock });
  const gateOf = gatesOf({ sources, keys, trustedProxies, clock });
  return {
    frontDoor: createFrontDoor({
      ...options,
      gateOf,
      noted,
      trustedProxies,
      keepSecret: ({ number }, secret) => keepSecret(sources, number, secret),
    }),
    checkSource: (source) =>
      faultOf(() => buildGate(source, { keys, trustedProxies }, clock.now())),
    providers: [...OWN_PROVIDERS, ...PROVIDERS],
    stop: () => noted.stop(),
  };
}

/** The first one counts: whoever asks later must not put another in its place. */
async function keepSecret(
  sources: Options['sources'],
  number: number,
  secret: string,
): Promise<void> {
  await sources.change(number, (current) => {
    if (current.secrets.length > 0) throw new Error('the source has a secret already');
    return { secrets: [secret] };
  });
}

function faultOf(build: () => unknown): ReturnType<Ingest['checkSource']> {
  try {
    build();
    return undefined;
  } catch (error) {
    if (error instanceof SourceFault) return { pointer: error.pointer, reason: error.message };
    throw error;
  }
}
