/** `bellwire <noun> <verb>`. Exit codes: 0 done, 1 failed, 2 wrong usage. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../app/config.ts';
import { StartError } from '../app/start-failure.ts';
import { VERSION } from '../app/version.ts';
import { StorageError } from '../storage/storage.ts';
import { addConfigCommands } from './config.ts';
import { addServerCommands } from './server.ts';

const FAILED = 1;
const WRONG_USAGE = 2;

/** @returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command('bellwire')
    .description('The webhook layer for agents.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError();
  addServerCommands(program);
  addConfigCommands(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return exitCode(error);
  }
}

function exitCode(error: unknown): number {
  // Commander has printed its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  const expected =
    error instanceof ConfigError || error instanceof StorageError || error instanceof StartError;
  console.error(expected ? error.message : error);
  return error instanceof ConfigError ? WRONG_USAGE : FAILED;
}
