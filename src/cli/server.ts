/** `bellwire dev` and `bellwire serve`: the same server, with and without training wheels. */
import closeWithGrace from 'close-with-grace';
import type { Command } from 'commander';
import { pino, type Logger } from 'pino';
import type { Config } from '../app/config.ts';
import { keptText, loadKeys, type Keys } from '../app/keys.ts';
import { createServer, type Server } from '../app/server.ts';
import { generateSecret } from '../protocol/secrets.ts';
import { systemRandom } from '../runtime/system.ts';
import { startDevReceiver, type DevReceiver } from './dev-receiver.ts';
import { devBanner } from './dev-banner.ts';
import { addSettings, readSettings } from './settings.ts';

/** From the signal to the end of the process; draining attempts takes at most 15 s of it. */
const STOP_WITHIN_MS = 20_000;

const SECRET_BYTES = 32;

const DEV_ALLOW_TARGETS = '127.0.0.0/8:*,[::1]/128:*';

export function addServerCommands(program: Command): void {
  addSettings(program.command('dev'))
    .description('Run on this machine to try things out: loopback targets, generated keys.')
    .action((_, command: Command) => runDev(readSettings(command)));
  addSettings(program.command('serve'))
    .description('Run in production: nothing private is reachable, the master key is required.')
    .action((_, command: Command) => runServe(readSettings(command)));
}

async function runServe(config: Config): Promise<void> {
  const log = pino({ level: config.log_level });
  const keys = loadKeys(config, 'serve', systemRandom);
  for (const file of keys.written) log.warn({ file }, 'generated a key; keep this file');
  const server = await start(config, keys, log);
  log.info({ url: server.url }, 'bellwire is ready');
}

async function runDev(settings: Config): Promise<void> {
  const config = {
    ...settings,
    allow_targets: settings.allow_targets === '' ? DEV_ALLOW_TARGETS : settings.allow_targets,
  };
  // The banner says what an info line would; warnings stay visible.
  const level = config.log_level === 'info' ? 'error' : config.log_level;
  const log = pino({ level });
  const keys = loadKeys(config, 'dev', systemRandom);
  // Kept, so that subscriptions of an earlier run still verify.
  const secret = keptText(config.data, 'dev-receiver-secret', () =>
    generateSecret(systemRandom.bytes(SECRET_BYTES)),
  );
  const port = config.port === 0 ? 0 : config.port + 1;
  const receiver = await startDevReceiver({ port, secret });
  const server = await start(config, keys, log, receiver).catch(async (error: unknown) => {
    await receiver.stop();
    throw error;
  });
  console.log(devBanner({ url: server.url, adminKey: keys.adminKey, receiver, config }));
}

/** Starts the server and ties its end to the process's signals. */
async function start(
  config: Config,
  keys: Keys,
  log: Logger,
  receiver?: DevReceiver,
): Promise<Server> {
  const server = await createServer({
    config,
    keys,
    log,
    onBroken(error) {
      log.fatal({ err: error }, 'the store is broken; ending so that a restart can look at it');
      process.exit(1);
    },
  });
  const ending = closeWithGrace(
    { delay: STOP_WITHIN_MS, logger: false },
    async ({ err, signal }) => {
      if (err) {
        // Nobody knows what still works, and draining might hang; a restart goes on from the store.
        log.fatal({ err }, 'unexpected error; ending so that a restart can go on');
        process.exit(1);
      }
      log.info({ signal }, 'stopping');
      await server.stop();
      await receiver?.stop();
      log.info('stopped');
    },
  );
  try {
    await server.start();
    return server;
  } catch (error) {
    // It would end the process as if all had gone well.
    ending.uninstall();
    await server.stop();
    throw error;
  }
}
