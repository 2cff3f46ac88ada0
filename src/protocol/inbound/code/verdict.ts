/** Short ways to say what a code scheme found. */
import type { InboundFailure, InboundVerdict } from '../verifier.ts';

export type Refusal = Extract<InboundVerdict, { readonly ok: false }>;

/** @param detail one sentence for the owner of the source, without anything secret. */
export function refuse(reason: InboundFailure, detail: string): Refusal {
  return { ok: false, reason, detail };
}

/** @param secret index of the secret that fits; null where the scheme has none. */
export function accept(secret: number | null): InboundVerdict {
  return { ok: true, secret };
}
