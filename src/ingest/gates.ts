/** The gates of all sources: each built when it is first knocked at, and again when it changes. */
import type { Source } from '../domain/source.ts';
import type { Clock } from '../runtime/clock.ts';
import { buildGate, type GateOptions } from './build-gate.ts';
import type { BrokenGate, Gate } from './gate.ts';

interface Options extends GateOptions {
  readonly sources: { readonly byToken: (token: string) => Source | undefined };
  readonly clock: Clock;
}

/** Undefined for a token that is nobody's. */
export function gatesOf(options: Options): (token: string) => Gate | BrokenGate | undefined {
  // A change makes another object of a source, and the former one goes with its gate.
  const built = new WeakMap<Source, Gate | BrokenGate>();
  return (token) => {
    const source = options.sources.byToken(token);
    if (source === undefined) return undefined;
    const known = built.get(source);
    const now = options.clock.now();
    if (known !== undefined && ('fault' in known || known.until > now)) return known;
    const gate = tryToBuild(source, options, now);
    built.set(source, gate);
    return gate;
  };
}

function tryToBuild(source: Source, options: GateOptions, now: number): Gate | BrokenGate {
  if (source.lockedReason !== null) return { source, fault: source.lockedReason };
  try {
    return buildGate(source, options, now);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { source, fault: `Its settings can not be used: ${why}` };
  }
}
