/**
 * A Kafka broker for tests: the mock cluster inside librdkafka, which `kcat` runs. It listens on a
 * real port and keeps what it is sent in memory; it knows no accounts and no limits.
 */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why there is none on this machine, or undefined. */
export function whyNoMockCluster(): string | undefined {
  const { error } = spawnSync('kcat', ['-V']);
  return error === undefined ? undefined : 'kcat is not installed (Debian package kcat)';
}

export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly payload: string;
  /** Names and values by turns. */
  readonly headers?: readonly string[];
}

export class MockCluster {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<MockCluster> {
    const broker = ['-X', 'test.mock.num.brokers=1', '-X', 'bootstrap.servers=127.0.0.1:1'];
    // It lives as long as its input is open.
    const child = spawn('kcat', ['-P', '-t', 'unused', ...broker, '-d', 'mock'], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const lines = createInterface({ input: child.stderr });
    for await (const line of lines) {
      const port = /bootstrap\.servers=127\.0\.0\.1:(\d+)$/.exec(line)?.[1];
      if (port === undefined) continue;
      child.stderr.resume();
      return new MockCluster(child, Number(port));
    }
    throw new Error('kcat ended without having started a cluster');
  }

  /** Topics have four partitions. */
  async createTopic(topic: string): Promise<void> {
    await run('kcat', ['-L', '-b', `127.0.0.1:${this.port}`, '-t', topic]);
  }

  /** All that a topic holds, each partition in its order. */
  async records(topic: string): Promise<readonly KafkaRecord[]> {
    const from = ['-C', '-b', `127.0.0.1:${this.port}`, '-t', topic, '-o', 'beginning', '-e'];
    const { stdout } = await run('kcat', [...from, '-q', '-J'], { maxBuffer: 2 ** 26 });
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line): KafkaRecord => JSON.parse(line));
  }

  stop(): void {
    // On anything milder it waits for the end of its input.
    this.#child.kill('SIGKILL');
  }
}
