/** The command line; `bin/bellwire` starts this on the right Node. */
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: the second start then skips stripping types and compiling.
enableCompileCache();
const { main } = await import('../src/cli/main.ts');

process.exitCode = await main(process.argv.slice(2));
