/** `bellwire config check|print`. */
import type { Command } from 'commander';
import { describeConfig } from '../app/config.ts';
import { addSettings, readSettings } from './settings.ts';

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('Look at the configuration.');
  addSettings(config.command('check'))
    .description('Check all settings; exit code 2 when one is wrong.')
    .action((_, command: Command) => {
      readSettings(command);
      console.log('The configuration is fine.');
    });
  addSettings(config.command('print'))
    .description('Print the settings in effect; secrets only as being there.')
    .option('--json', 'As one JSON object.')
    .action((options: { readonly json?: boolean }, command: Command) => {
      const settings = describeConfig(readSettings(command));
      if (options.json) console.log(JSON.stringify(settings));
      else
        for (const [name, value] of Object.entries(settings))
          console.log(`${name}: ${String(value)}`);
    });
}
