/**
 * A stand-in for Bellwire with its routes and nothing behind them: subscriptions in a map, an
 * answer before delivery, no storage, no signature, no retry. `npm run bench -- --subject
 * in-memory` checks the benches themselves, and shows how far the bare shape can go.
 */
import { Pool } from 'undici';
import { serveBare } from './bare-http.ts';
import { forward } from './forward.ts';

const CONNECTIONS_PER_TARGET = 64;

interface Target {
  pool: Pool;
  path: string;
}

interface Body {
  event_type: string;
  target_url?: string;
}

const targets = new Map<string, Target>();
let published = 0;

await serveBare((request, bytes, answer) => {
  if (request.url === '/readyz') return answer(200, '{}');
  const body: Body = JSON.parse(bytes.toString());
  if (body.target_url !== undefined) {
    const url = new URL(body.target_url);
    const pool = new Pool(url.origin, { connections: CONNECTIONS_PER_TARGET });
    targets.set(body.event_type, { pool, path: url.pathname });
    return answer(201, '{}');
  }
  published++;
  answer(202, JSON.stringify({ id: `evt_${published}` }));
  const target = targets.get(body.event_type);
  if (target !== undefined) forward(target.pool, target.path, bytes, () => undefined);
});
