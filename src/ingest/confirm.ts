/** Fetches the URL by which a provider learns that we agree to a handshake. */
import type { HttpResult } from '../domain/attempt-result.ts';
import type { Egress } from '../egress/port.ts';

const TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 4;
/** Connections for this are shared with nothing else. */
const POOL_SCOPE = 'handshakes';

/** @throws Error, with a sentence, unless the answer is a 2xx. */
export async function confirmHandshake(egress: Egress, text: string): Promise<void> {
  const checked = egress.checkTarget(text);
  if (!checked.ok) throw new Error(checked.reason);
  const result = await new Promise<HttpResult>((resolve) => {
    egress.send(
      {
        url: checked.url,
        method: 'GET',
        headers: {},
        body: null,
        timeoutMs: TIMEOUT_MS,
        maxConnections: MAX_CONNECTIONS,
        poolScope: POOL_SCOPE,
      },
      resolve,
    );
  });
  if (result.kind === 'failure') throw new Error(`${result.reason}: ${result.detail}`);
  const { status } = result;
  if (status < 200 || status >= 300) throw new Error(`it was answered with status ${status}`);
}
