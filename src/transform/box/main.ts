/**
 * The program of a box: takes one job after the other from the server's process and answers each.
 * It holds no secret and no environment, may read its own code alone, and ends with its server.
 */
import { readFileSync } from 'node:fs';
import type { BoxJob, BoxReply } from './messages.ts';
import { Sandbox } from './sandbox.ts';

const [, , library = ''] = process.argv;
const sandbox = new Sandbox(readFileSync(library, 'utf8'));

function answer(reply: BoxReply): void {
  // A server that is gone needs no answer, and `disconnect` is about to come.
  process.send?.(reply, () => undefined);
}

process.on('message', (job: BoxJob) => answer(sandbox.run(job)));
process.on('disconnect', () => process.exit());
answer({ kind: 'ready' });
