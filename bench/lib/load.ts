/** The bench's handle on the load process. */
import { nextMessage, startChild } from './child.ts';
import type { Child } from './child.ts';
import type { Command, LoadPlan, LoadResult, Reply, SinkBehaviour } from './load-protocol.ts';
import { placement } from './placement.ts';

export interface Load {
  sinkPort: number;
  /** Runs a plan to its end. @throws Error when the load process or the server gave out. */
  run(plan: LoadPlan): Promise<LoadResult>;
  /** Changes how the sink treats a path from now on. */
  behave(path: string, behaviour: SinkBehaviour): Promise<void>;
  stop(): Promise<void>;
}

/** Starts generator and sink on their core. */
export async function startLoad(): Promise<Load> {
  const child = startChild({
    role: 'load',
    name: 'load process',
    script: 'bench/lib/load-process.ts',
    args: placement().pinned ? ['--spin'] : [],
  });
  const ready = await receive(child);
  if (ready.kind !== 'ready') throw new Error(`load process said ${ready.kind} instead of ready`);
  return {
    sinkPort: ready.sinkPort,
    run: async (plan) => {
      const reply = await ask(child, { kind: 'run', plan });
      if (reply.kind !== 'result') throw new Error(`load process said ${reply.kind} to a run`);
      return reply.result;
    },
    behave: async (path, behaviour) => {
      await ask(child, { kind: 'behave', path, behaviour });
    },
    stop: child.stop,
  };
}

async function ask(child: Child, command: Command): Promise<Reply> {
  const reply = receive(child);
  child.process.send(command);
  return reply;
}

async function receive(child: Child): Promise<Reply> {
  const reply = await nextMessage<Reply>(child);
  if (reply.kind === 'failed') throw new Error(`load process: ${reply.reason}`);
  return reply;
}
