/**
 * The limit of *accept + deliver*: node:http in, undici out, 202 once the sink answered 2xx. No
 * storage, no signature, no retry; one outgoing connection per incoming one.
 * Arguments: the sink's port, the number of connections.
 */
import { Pool } from 'undici';
import { sinkPathOf } from '../lib/payload.ts';
import { serveBare } from './bare-http.ts';
import { forward } from './forward.ts';

const [, , sinkPort, connections] = process.argv;
const pool = new Pool(`http://127.0.0.1:${sinkPort}`, { connections: Number(connections) });
const path = sinkPathOf(0);
let relayed = 0;

await serveBare((_request, body, answer) => {
  forward(pool, path, body, (status) => {
    const ok = status >= 200 && status < 300;
    if (ok) relayed++;
    answer(ok ? 202 : 502, JSON.stringify({ id: `evt_${relayed}` }));
  });
});
