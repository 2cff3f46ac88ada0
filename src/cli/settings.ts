/** The settings as command-line options: the same for every command that reads them. */
import type { Command } from 'commander';
import {
  configSchema,
  envName,
  flagName,
  loadConfig,
  SETTINGS,
  unknownEnvironment,
  type Config,
} from '../app/config.ts';

export function addSettings(command: Command): Command {
  for (const setting of SETTINGS) {
    const about = configSchema.shape[setting].description ?? '';
    command.option(`${flagName(setting)} <value>`, `${about} (${envName(setting)})`);
  }
  return command.option('--config <file>', 'JSON file with the same settings, keys as in the API.');
}

/** @throws ConfigError naming the setting and where it came from. */
export function readSettings(command: Command): Config {
  const options: Record<string, string | undefined> = command.opts();
  const flags = Object.fromEntries(
    SETTINGS.map((setting) => [setting, options[camelCase(setting)]]),
  );
  for (const name of unknownEnvironment(process.env)) {
    console.error(`bellwire: ${name} is not a setting of this version and has no effect`);
  }
  return loadConfig({ flags, env: process.env, file: options['config'] });
}

function camelCase(setting: string): string {
  return setting.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
