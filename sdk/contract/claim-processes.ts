/** Processes that claim the same ids at the same moment. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Claim } from '../receiver/dedupe.ts';
import type { StoreName } from './dedupe-stores.ts';

const PROGRAM = path.join(
  import.meta.dirname,
  `claim-process${path.extname(import.meta.filename)}`,
);

/** @returns for each process, what it was told for each id. */
export async function racingClaims(
  store: StoreName,
  where: string,
  ids: readonly string[],
  processes: number,
): Promise<readonly (readonly Claim[])[]> {
  const children = Array.from({ length: processes }, () =>
    fork(PROGRAM, [store, where], { env: withoutTestRunner() }),
  );
  try {
    // Each says that it has its connection; then all start.
    await Promise.all(children.map((child) => answer(child)));
    const answers = children.map((child) => answer(child));
    for (const child of children) child.send(ids);
    return await Promise.all(answers);
  } finally {
    await Promise.all(children.map((child) => ended(child)));
  }
}

async function answer(child: ChildProcess): Promise<Claim[]> {
  const [message] = await Promise.race([once(child, 'message'), died(child)]);
  return message;
}

async function died(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`A claiming process ended with ${code}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Set inside a test runner, it would make the child report to it. */
function withoutTestRunner(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  return environment;
}
