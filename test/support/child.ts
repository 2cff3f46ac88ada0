/** A process of a test's own: its output so far, its end, and no way to outlive the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';

/** What a process says goodbye with. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  /** Standard output and standard error as they came, without colours. */
  output(): string;
  /** Resolves with the first match in the output. Rejects at the deadline or when it ends first. */
  says(pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray>;
  /** Sends the signal and awaits the end. Does nothing to a process that has ended. */
  kill(signal: NodeJS.Signals): Promise<Ending>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const KEPT_OUTPUT_CHARACTERS = 1_000_000;
const DEFAULT_SAYS_WITHIN_MS = 10_000;

/** Settings of the shell that runs the tests must not reach what they start. */
const NOT_INHERITED = /^(?:BELLWIRE_|NODE_TEST_CONTEXT$|FORCE_COLOR$)/;

/** @throws Error when the program is not there. */
export async function startChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Child> {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new Output(command);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => output.add(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => output.add(chunk));
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', killAtExit);
      output.end();
      resolve({ code, signal });
    });
  });
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    ended,
    output: () => output.text,
    says: (pattern, deadlineMs = DEFAULT_SAYS_WITHIN_MS) => output.match(pattern, deadlineMs),
    kill(signal) {
      // Node remembers an end, so this never signals a stranger that was given the same id.
      child.kill(signal);
      return ended;
    },
  };
}

class Output {
  text = '';
  readonly #command: string;
  readonly #watchers = new Set<() => void>();
  #ended = false;

  constructor(command: string) {
    this.#command = command;
  }

  add(chunk: string): void {
    this.text = (this.text + stripVTControlCharacters(chunk)).slice(-KEPT_OUTPUT_CHARACTERS);
    this.#tell();
  }

  end(): void {
    this.#ended = true;
    this.#tell();
  }

  match(pattern: RegExp, deadlineMs: number): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const fail = (why: string) =>
        finish(() => reject(new Error(`${this.#command} ${why} ${pattern}:\n${this.text}`)));
      const look = () => {
        const match = pattern.exec(this.text);
        if (match !== null) finish(() => resolve(match));
        else if (this.#ended) fail('ended before it said');
      };
      const timer = setTimeout(() => fail(`took more than ${deadlineMs} ms to say`), deadlineMs);
      this.#watchers.add(look);
      look();
    });
  }

  #tell(): void {
    for (const look of this.#watchers) look();
  }
}
