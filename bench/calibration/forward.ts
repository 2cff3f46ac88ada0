/** The forwarding half of the bare servers: one POST through an undici pool, nothing kept. */
import type { Pool } from 'undici';

const HEADERS = { 'content-type': 'application/json' };

/** Posts `body` and reports the status, or 0 when the request failed. */
export function forward(
  pool: Pool,
  path: string,
  body: Buffer,
  done: (status: number) => void,
): void {
  let answered = 0;
  pool.dispatch(
    { method: 'POST', path, headers: HEADERS, body },
    {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status) => {
        answered = status;
      },
      onResponseData: () => undefined,
      onResponseEnd: () => done(answered),
      onResponseError: () => done(0),
    },
  );
}
