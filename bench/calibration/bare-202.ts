/**
 * The limit of *accept*: node:http that parses the same JSON body and answers 202. Whatever
 * Bellwire adds (key check, schema, id, fsynced commit) is what the ratio to this shows.
 */
import { serveBare } from './bare-http.ts';

let accepted = 0;

await serveBare((_request, body, answer) => {
  const event: { event_type: string } = JSON.parse(body.toString());
  accepted++;
  answer(202, JSON.stringify({ id: `evt_${accepted}`, event_type: event.event_type }));
});
