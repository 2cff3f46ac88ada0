/** Started by claim-processes.ts: claims the ids it is sent, and is killed without confirming. */
import { OPEN_STORE } from './dedupe-stores.ts';
import type { StoreName } from './dedupe-stores.ts';

function isStore(name: string | undefined): name is StoreName {
  return name !== undefined && name in OPEN_STORE;
}

const [, , store, where = ''] = process.argv;
if (!isStore(store)) throw new Error(`There is no store ${store}`);
const { dedupe } = await OPEN_STORE[store](where);
// Makes the table, and the connection it takes.
await dedupe.claim(`process ${process.pid}`);
process.on('message', (ids: readonly string[]) => {
  void Promise.all(ids.map((id) => dedupe.claim(id))).then((claims) => process.send?.(claims));
});
process.send?.([]);
