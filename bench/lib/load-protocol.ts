/** What a bench asks the load process (generator + sink) and what comes back, over IPC. */

/** How the sink treats a path; healthy is the default. */
export type SinkBehaviour =
  | { kind: 'healthy' }
  | { kind: 'hang' }
  | { kind: 'delay'; delayMs: number }
  | { kind: 'status'; status: number };

export type Loop =
  | { kind: 'closed'; seconds: number }
  | {
      kind: 'open';
      seconds: number;
      ratePerSecond: number;
      arrivals: 'constant' | 'poisson';
      seed: number;
    };

/** Requests are signed as GitHub does it; each is sent `copies` times in a row. */
export interface Signing {
  secret: string;
  copies: number;
}

/** One measured stretch of load against one server. */
export interface LoadPlan {
  port: number;
  path: string;
  authorization: string | null;
  /** For the source of an inbound bench; left out where events are published. */
  signing?: Signing | undefined;
  connections: number;
  loop: Loop;
  /** Events go to `targets` event types: `hotShare` of them to the first, the rest evenly. */
  traffic: { targets: number; hotShare: number; seed: number };
  /** Targets left out of end-to-end latency and of *lost* (they hang on purpose). */
  excludedTargets: readonly number[];
  /** Whether accepted events must arrive at the sink; if so the run waits for them. */
  expectArrivals: boolean;
}

export interface LoadResult {
  sent: number;
  /** Answered 2xx. */
  accepted: number;
  /** Answers by status code. */
  statuses: Record<string, number>;
  /** Connections that broke and were opened again; idle ones may, by the server's timeout. */
  reconnects: number;
  /** Requests whose answer never came. */
  unanswered: number;
  /** Planned events never sent because the server fell too far behind. */
  unsent: number;
  /** First send to last answer. */
  acceptSeconds: number;
  /** Answer minus planned time; encoded histogram. */
  acceptLatency: string;
  /** Actual minus planned send time: what the generator and busy connections added. */
  sendLag: string;
  arrivals: ArrivalResult;
  /** CPU time of generator and sink, ÷ wall time of the run: near 1 means they were the limit. */
  loadCpuShare: number;
}

export interface ArrivalResult {
  unique: number;
  duplicates: number;
  /** Accepted and never arrived, excluded targets aside. */
  lost: number;
  /** Deliveries of earlier runs. */
  strays: number;
  /** Bodies whose stamp could not be read. */
  unreadable: number;
  /** First send to last first arrival. */
  seconds: number;
  /** Arrival minus planned time; encoded histogram. */
  latency: string;
}

export type Command =
  | { kind: 'behave'; path: string; behaviour: SinkBehaviour }
  | { kind: 'run'; plan: LoadPlan };

export type Reply =
  | { kind: 'ready'; sinkPort: number }
  | { kind: 'done' }
  | { kind: 'result'; result: LoadResult }
  | { kind: 'failed'; reason: string };
