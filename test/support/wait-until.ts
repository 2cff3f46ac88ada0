/** Waiting for what has no signal to await: asks again and again until a deadline. */
import { setTimeout as pause } from 'node:timers/promises';

const ASK_EVERY_MS = 20;
const DEFAULT_DEADLINE_MS = 10_000;

export interface WaitOptions {
  /** Said when time is up, as in "gave up waiting for …". */
  readonly what: string;
  readonly deadlineMs?: number;
  /** Appended to the message of the failure, such as the output of a process. */
  readonly context?: () => string;
}

/**
 * The first answer of `ask` that is neither `undefined` nor `false`.
 *
 * @throws Error when there was none before the deadline; its cause is what `ask` threw last.
 */
export async function waitUntil<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { what, deadlineMs = DEFAULT_DEADLINE_MS, context }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  let cause: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await pause(ASK_EVERY_MS);
  } while (performance.now() < deadline);
  const seen = context === undefined ? '' : `\n${context()}`;
  throw new Error(`Gave up waiting for ${what} after ${deadlineMs} ms${seen}`, { cause });
}
