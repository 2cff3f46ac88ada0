/** Public keys from where providers publish them, through `fetch`, and kept a while. */
import type { KeySource } from '../../../src/protocol/inbound/verifier.ts';
import { readWebStream } from '../../adapters/web-stream.ts';
import type { Clock } from '../../clock.ts';

export type FetchDocument = (url: string, init: RequestInit) => Promise<Response>;

const KEEP_MS = 10 * 60_000;
/** Unknown keys in forged requests must not make us ask the provider each time. */
const ASK_AGAIN_MS = 30_000;
/** Nor must a provider that does not answer be asked for every request. */
const REMEMBER_FAILURE_MS = 5_000;
const MAX_DOCUMENTS = 32;
const MAX_DOCUMENT_BYTES = 256 * 1024;
const TIMEOUT_MS = 5_000;

interface Kept {
  readonly text: Promise<string>;
  readonly askedAt: number;
  hasFailed: boolean;
}

export function publishedKeys(fetchDocument: FetchDocument, clock: Clock): KeySource {
  const kept = new Map<string, Kept>();

  function isGood({ askedAt, hasFailed }: Kept, fresh: boolean): boolean {
    const age = clock.now() - askedAt;
    if (hasFailed) return age < REMEMBER_FAILURE_MS;
    return age < (fresh ? ASK_AGAIN_MS : KEEP_MS);
  }

  return {
    document(url, fresh) {
      const known = kept.get(url);
      if (known !== undefined && isGood(known, fresh)) return known.text;
      const asked: Kept = {
        text: askOnce(fetchDocument, url, clock),
        askedAt: clock.now(),
        hasFailed: false,
      };
      kept.delete(url);
      kept.set(url, asked);
      for (const oldest of kept.keys()) {
        if (kept.size <= MAX_DOCUMENTS) break;
        kept.delete(oldest);
      }
      asked.text.catch(() => {
        asked.hasFailed = true;
      });
      return asked.text;
    },
  };
}

/**
 * One GET that follows no redirect.
 * @throws Error when it does not answer 2xx, in time, with a text that is not too long.
 */
export async function askOnce(
  fetchDocument: FetchDocument,
  url: string,
  clock: Clock,
): Promise<string> {
  if (!url.startsWith('https://')) throw new Error(`${url} is not https`);
  const deadline = new AbortController();
  const timer = clock.setTimer(TIMEOUT_MS, () => deadline.abort());
  try {
    const response = await fetchDocument(url, { redirect: 'manual', signal: deadline.signal });
    const bytes = response.ok ? await readWebStream(response.body, MAX_DOCUMENT_BYTES) : undefined;
    if (bytes !== undefined) return new TextDecoder().decode(bytes);
    const why = response.ok ? `more than ${MAX_DOCUMENT_BYTES} bytes` : response.status;
    throw new Error(`${url} answered ${why}`);
  } finally {
    timer.cancel();
  }
}
