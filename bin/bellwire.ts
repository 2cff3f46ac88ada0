/** The command line; `bin/bellwire` starts this on the right Node. */
import { main } from '../src/cli/main.ts';

process.exitCode = await main(process.argv.slice(2));
