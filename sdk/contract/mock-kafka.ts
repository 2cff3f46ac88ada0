/** librdkafka's mock cluster, which kcat brings along: the real protocol, kept in memory. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface MockKafka {
  readonly broker: string;
  stop(): Promise<void>;
}

/** @returns why there is none, or false. */
export function missingMockKafka(): string | false {
  return spawnSync('kcat', ['-V']).status === 0 ? false : 'Kafka: no kcat in PATH';
}

/** @param topic Made by the consumer that keeps the cluster alive. */
export async function startMockKafka(topic: string): Promise<MockKafka> {
  const settings = ['-X', 'test.mock.num.brokers=1', '-d', 'mock'];
  const child = spawn('kcat', ['-C', '-b', 'mock', '-t', topic, ...settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = once(child, 'exit');
  // The pipe must be read to its end, or the cluster stands still when it is full.
  const lines = createInterface({ input: child.stderr });
  const broker = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const found = /bootstrap\.servers=(\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    lines.once('close', () => reject(new Error('kcat started no mock cluster')));
  });
  return {
    broker,
    async stop() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}
