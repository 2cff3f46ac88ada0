/**
 * What one signature costs: HMAC-SHA256 of a 0.5 KB body with a cached key object, base64 out.
 * Argument: seconds. Sends `{micros}` per signature.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import { BODY_BYTES } from '../lib/payload.ts';

const BATCH = 1000;

export interface HmacCost {
  micros: number;
}

function measure(seconds: number): HmacCost {
  const key = createSecretKey(Buffer.alloc(32, 7));
  const body = Buffer.alloc(BODY_BYTES, 0x78);
  const sign = (): string => createHmac('sha256', key).update(body).digest('base64');
  for (let i = 0; i < BATCH; i++) sign();
  let signed = 0;
  const start = performance.now();
  while (performance.now() - start < seconds * 1000) {
    for (let i = 0; i < BATCH; i++) sign();
    signed += BATCH;
  }
  return { micros: ((performance.now() - start) * 1000) / signed };
}

process.send?.(measure(Number(process.argv[2] ?? '1')));
process.disconnect();
