/**
 * What a poll source asks for, as the engine reads it. The wire's shape (`PollConfig`, snake_case)
 * is what the API has checked and the store keeps; everything optional has its default here.
 */
import {
  DEFAULT_POLL_BUDGET_REQUESTS,
  DEFAULT_POLL_BUDGET_SECONDS,
  DEFAULT_POLL_INTERVAL_SECONDS,
  DEFAULT_POLL_TIMEOUT_MS,
} from '../limits-poll.ts';
import type { BudgetTerms } from './budget.ts';
import { fingerprint } from './fingerprint.ts';
import type { IntervalTerms } from './interval.ts';
import type { Threshold, ThresholdOp } from './threshold.ts';

/** The provider of poll sources. */
export const POLL_PROVIDER = 'poll';

export interface PollConfig {
  readonly url: string;
  readonly method?: 'GET' | 'POST' | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  readonly select?: string | undefined;
  readonly items?: { readonly id: string } | undefined;
  readonly resources?: readonly PollConfigResource[] | undefined;
  readonly emit?: 'change' | PollConfigEmit | undefined;
  readonly first?: 'emit' | 'silent' | undefined;
  readonly interval_seconds?: number | undefined;
  readonly min_interval_seconds?: number | undefined;
  readonly max_interval_seconds?: number | undefined;
  readonly timeout_ms?: number | undefined;
  readonly budget?:
    | {
        readonly requests?: number | undefined;
        readonly per_seconds?: number | undefined;
        readonly credential?: string | undefined;
      }
    | undefined;
  readonly event_type?: string | undefined;
}

export type PollConfigResource =
  | string
  | { readonly name: string; readonly vars?: Readonly<Record<string, string>> | undefined };

/** One of the two. */
export interface PollConfigEmit {
  readonly change?: { readonly kinds?: readonly ChangeKind[] | undefined } | undefined;
  readonly threshold?:
    | {
        readonly path?: string | undefined;
        readonly op: ThresholdOp;
        readonly value: number | readonly [number, number];
        readonly hysteresis?: number | undefined;
        readonly on_clear?: boolean | undefined;
      }
    | undefined;
}

export const CHANGE_KINDS = ['added', 'changed', 'removed'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface PollResource {
  readonly name: string;
  readonly vars: Readonly<Record<string, string>>;
}

export type PollEmit =
  | { readonly kind: 'change'; readonly kinds: readonly ChangeKind[] }
  | {
      readonly kind: 'threshold';
      /** JSONPath inside the selected value; `$` is the value itself. */
      readonly path: string;
      readonly threshold: Threshold;
      /** Whether the way back makes an event, too. */
      readonly tellsClear: boolean;
    };

export interface PollSettings {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** JSON with templates in its strings, or null. */
  readonly body: unknown;
  readonly select: string;
  /** JSONPath from an item to its id, where a list is selected; null where it is one value. */
  readonly itemId: string | null;
  readonly resources: readonly PollResource[];
  readonly emit: PollEmit;
  /** Whether what is there at the first look is news. */
  readonly isFirstNews: boolean;
  readonly interval: IntervalTerms;
  readonly timeoutMs: number;
  readonly budget: BudgetTerms;
  /** Sources of a tenant that name the same one share their budget; null for one of its own. */
  readonly credential: string | null;
  readonly eventType: string | null;
  /** Changes when what is looked at changes: what was seen before can't be compared any more. */
  readonly basis: string;
}

/** The name of the only resource of a source that lists none. */
export const ONLY_RESOURCE = 'default';

export function pollSettings(config: PollConfig): PollSettings {
  const { url, select = '$', headers = {}, body = null, method = 'GET', items } = config;
  const { interval_seconds: intervalSeconds = DEFAULT_POLL_INTERVAL_SECONDS, budget = {} } = config;
  const emit = emitOf(config.emit ?? 'change');
  const itemId = items?.id ?? null;
  return {
    url,
    method,
    headers,
    body,
    select,
    itemId,
    resources: (config.resources ?? [ONLY_RESOURCE]).map(resourceOf),
    emit,
    isFirstNews: config.first === undefined ? emit.kind === 'threshold' : config.first === 'emit',
    interval: {
      intervalSeconds,
      minSeconds: config.min_interval_seconds ?? intervalSeconds,
      maxSeconds: config.max_interval_seconds ?? intervalSeconds,
    },
    timeoutMs: config.timeout_ms ?? DEFAULT_POLL_TIMEOUT_MS,
    budget: {
      requests: budget.requests ?? DEFAULT_POLL_BUDGET_REQUESTS,
      perSeconds: budget.per_seconds ?? DEFAULT_POLL_BUDGET_SECONDS,
    },
    credential: budget.credential ?? null,
    eventType: config.event_type ?? null,
    basis: fingerprint([url, method, body, select, itemId, basisOf(emit)]),
  };
}

function resourceOf(resource: PollConfigResource): PollResource {
  return typeof resource === 'string'
    ? { name: resource, vars: {} }
    : { name: resource.name, vars: resource.vars ?? {} };
}

function emitOf(emit: NonNullable<PollConfig['emit']>): PollEmit {
  if (emit === 'change') return { kind: 'change', kinds: CHANGE_KINDS };
  if (emit.threshold === undefined) {
    return { kind: 'change', kinds: emit.change?.kinds ?? CHANGE_KINDS };
  }
  const { path = '$', op, value, hysteresis = 0, on_clear: tellsClear = false } = emit.threshold;
  return { kind: 'threshold', path, threshold: { op, value, hysteresis }, tellsClear };
}

/** Which kinds of change are told has no bearing on what was seen. */
function basisOf(emit: PollEmit): unknown {
  return emit.kind === 'change' ? emit.kind : emit;
}
