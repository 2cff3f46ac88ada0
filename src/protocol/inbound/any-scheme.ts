/** A sender with a choice of ways to sign. */
import type { InboundVerdict, InboundVerifier } from './verifier.ts';

type Refusal = Extract<InboundVerdict, { readonly ok: false }>;

/**
 * Ways that the secrets do not fit are left out: no request could pass by them.
 *
 * @param builders in the order in which they are tried.
 * @throws TypeError of the first way when none is left.
 */
export function compileAny(builders: readonly (() => InboundVerifier)[]): InboundVerifier {
  const ways = usable(builders);
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

function usable(builders: readonly (() => InboundVerifier)[]): readonly InboundVerifier[] {
  const ways: InboundVerifier[] = [];
  let first: TypeError | undefined;
  for (const build of builders) {
    try {
      ways.push(build());
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      first ??= error;
    }
  }
  if (ways.length === 0) throw first ?? new TypeError('A choice needs at least one way');
  return ways;
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
