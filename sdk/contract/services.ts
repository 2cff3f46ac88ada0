/** The real parts that tests use where they listen on their standard local ports. */
import { connect } from 'node:net';

export const REDIS_URL = 'redis://127.0.0.1:6379';
export const POSTGRES_URL = 'postgres://postgres@127.0.0.1:5432/postgres';
export const RABBITMQ_URL = 'amqp://guest:guest@127.0.0.1:5672';
export const NATS_SERVER = '127.0.0.1:4222';

/** @returns why a test of the service can't run here, or false when it can. */
export async function missing(name: string, port: number): Promise<string | false> {
  return (await listens(port)) ? false : `${name}: nothing listens on 127.0.0.1:${port}`;
}

/** @returns why a test that needs a newer Node can't run here, or false when it can. */
export function needsNode(name: string, major: number, minor: number): string | false {
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number);
  const isEnough = ownMajor > major || (ownMajor === major && ownMinor >= minor);
  return !isEnough && `${name}: needs Node ${major}.${minor}, this is ${process.version}`;
}

/** @returns why a test of a package that npm leaves out on older Nodes can't run, or false. */
export function notInstalled(name: string): string | false {
  try {
    import.meta.resolve(name);
    return false;
  } catch {
    return `${name}: not installed`;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
