/** A sender with a choice of ways to sign. */
import type { InboundVerdict, InboundVerifier } from './verifier.ts';

type Refusal = Extract<InboundVerdict, { readonly ok: false }>;

/** @param ways at least one, in the order in which they are tried. */
export function compileAny(ways: readonly InboundVerifier[]): InboundVerifier {
  return {
    verify: (request, now) => {
      const known: InboundVerdict[] = [];
      const later: Promise<InboundVerdict>[] = [];
      for (const way of ways) {
        const verdict = way.verify(request, now);
        if (verdict instanceof Promise) later.push(verdict);
        else known.push(verdict);
      }
      if (later.length === 0) return best(known);
      // Awaited even when another passed: a promise left alone could reject unheard.
      return Promise.all(later).then((verdicts) => best([...known, ...verdicts]));
    },
  };
}

/** The first that passes; else the refusal that says most. */
function best(verdicts: readonly InboundVerdict[]): InboundVerdict {
  const refusals: Refusal[] = [];
  for (const verdict of verdicts) {
    if (verdict.ok) return verdict;
    refusals.push(verdict);
  }
  const telling = refusals.find(({ reason }) => reason !== 'missing_signature') ?? refusals[0];
  return (
    telling ?? { ok: false, reason: 'missing_signature', detail: 'There is no way to pass at all.' }
  );
}
