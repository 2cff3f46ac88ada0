/**
 * Entry point of the load process: generator and sink in one, so that both share a clock and
 * end-to-end latency needs no clock synchronisation. Commands come over IPC, one at a time.
 */
import type { Command, Reply } from './load-protocol.ts';
import { runPlan } from './load-run.ts';
import { Sink } from './sink.ts';

const spin = process.argv.includes('--spin');
const sink = new Sink();
let nextSeq = 1;

process.on('message', (command: Command) => {
  obey(command).then(reply, (error: unknown) => {
    reply({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  });
});
process.on('disconnect', () => process.exit(0));
reply({ kind: 'ready', sinkPort: await sink.listen() });

async function obey(command: Command): Promise<Reply> {
  if (command.kind === 'behave') {
    sink.behave(command.path, command.behaviour);
    return { kind: 'done' };
  }
  const { result, next } = await runPlan({ plan: command.plan, sink, base: nextSeq, spin });
  nextSeq = next;
  return { kind: 'result', result };
}

function reply(message: Reply): void {
  process.send?.(message);
}
