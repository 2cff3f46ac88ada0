/** Cases 31, 33, 34 and 38: what is one event, what is a handshake, and what a flood leaves. */
import assert from 'node:assert/strict';
import type { ReceiveCases } from './receive-world.ts';
import type { Sent } from './senders.ts';
import { discord, github, send, slack, standard, stripe, zoomAnswer } from './senders.ts';

const SECRET = 'a-secret-of-the-receiving-cases';
const WHSEC = `whsec_${Buffer.from(SECRET).toString('base64')}`;

export const RECEIVING: ReceiveCases = {
  'case 31: concurrent repeats are one event, delivered once': async (tenant) => {
    await tenant.case.subscribe('hook', { event_type: 'stripe.**' });
    const { url } = await tenant.source({ provider: 'stripe', secret: SECRET });
    const body = '{"id":"evt_1","type":"invoice.paid","data":{"object":{"amount":1.50}}}';
    const sent = stripe(SECRET, body);
    const answers = await Promise.all(Array.from({ length: 200 }, () => send(url, sent)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    const [event, ...more] = await tenant.events();
    assert.equal(more.length, 0);
    assert.equal(event?.['event_type'], 'stripe.invoice.paid');
    await tenant.case.deliveryWhen(String(event['id']), 'delivered');
    const arrivals = tenant.case.arrivals('hook');
    assert.equal(arrivals.length, 1);
    const arrived = String(arrivals[0]?.body);
    assert.ok(arrived.includes(`"data":${body}`), arrived);
    assert.ok(arrived.includes('"provider_event_id":"evt_1"'), arrived);
    // Stripe signs a retry anew: the id is what makes it a repeat.
    const later = stripe(SECRET, body, String(Math.floor(Date.now() / 1000) - 60));
    await tenant.taken(url, later);
    assert.equal((await tenant.events()).length, 1);
  },

  'case 33: events that only look alike are not dropped': async (tenant) => {
    const hub = await tenant.source({ provider: 'github', secret: SECRET });
    const body = '{"ref":"refs/heads/x","after":"0000000000000000000000000000000000000000"}';
    for (const id of ['one', 'two', 'two']) await tenant.taken(hub.url, github(SECRET, body, id));
    assert.equal((await tenant.events(`&source_id=${hub.id}`)).length, 2);
    const mails = await tenant.source({
      provider: 'custom',
      secret: SECRET,
      config: {
        scheme: { kind: 'token', header: 'x-token' },
        event_type_from: 'json:event',
        event_id_from: 'json:id',
      },
    });
    const opened = (id: number) => ({
      body: JSON.stringify({ event: 'open', id, mail: 'a@b' }),
      headers: { 'x-token': SECRET },
    });
    for (const id of [1, 2, 2, 3]) await tenant.taken(mails.url, opened(id));
    const types = (await tenant.events(`&source_id=${mails.id}`)).map((one) => one['event_type']);
    assert.deepEqual(types, ['custom.open', 'custom.open', 'custom.open']);
  },

  'case 34: handshakes of Slack, Discord, Meta, Zoom and MCP are answered': async (tenant) => {
    const chat = await tenant.source({ provider: 'slack', secret: SECRET });
    const asked = slack(SECRET, '{"type":"url_verification","challenge":"abc123"}');
    assert.match((await tenant.taken(chat.url, asked)).text, /abc123/);

    const app = discord();
    const game = await tenant.source({ provider: 'discord', secret: app.publicKey });
    assert.deepEqual(JSON.parse((await tenant.taken(game.url, app.signed('{"type":1}'))).text), {
      type: 1,
    });
    const forged = { ...app.signed('{"type":1}'), body: '{"type":1 }' };
    await tenant.taken(game.url, forged, 401);

    const config = { verify_token: 'the-token-i-chose' };
    const pages = await tenant.source({ provider: 'meta', secret: SECRET, config });
    const agreed = await tenant.taken(pages.url, subscribing('the-token-i-chose'));
    assert.equal(agreed.text, '1158201444');
    await tenant.taken(pages.url, subscribing('another'), 403);

    const calls = await tenant.source({ provider: 'zoom', secret: SECRET });
    const validation =
      '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6U"}}';
    const { text } = await tenant.taken(calls.url, { body: validation });
    const encryptedToken = zoomAnswer(SECRET, 'qgg8vlvZRS6U');
    assert.deepEqual(JSON.parse(text), { plainToken: 'qgg8vlvZRS6U', encryptedToken });

    const agent = await tenant.source({ provider: 'mcp-events', secret: WHSEC });
    const verification = '{"type":"verification","challenge":"ch_1"}';
    const echoed = await tenant.taken(agent.url, standard(WHSEC, verification, 'msg_1'));
    assert.match(echoed.text, /ch_1/);

    assert.deepEqual(await tenant.statuses(), { handshake: 5, rejected: 2 });
    assert.equal((await tenant.events()).length, 0);
    const shown = await tenant.case.expect(200, `/v1/sources/${pages.id}`);
    assert.ok(!JSON.stringify(shown).includes('the-token-i-chose'));
  },

  'case 38: a flood of forgeries fills nothing, and lets the provider through': async (tenant) => {
    const { url, id } = await tenant.source({ provider: 'github', secret: SECRET });
    const forged = github('another secret', '{}', 'x');
    const floods = Array.from({ length: 8 }, async () => {
      const seen = new Set<number>();
      for (let count = 0; count < 250; count += 1) seen.add((await send(url, forged)).status);
      return seen;
    });
    const statuses = new Set((await Promise.all(floods)).flatMap((seen) => [...seen]));
    assert.ok(
      [...statuses].every((status) => status === 401 || status === 429),
      [...statuses].join(),
    );
    const rows = await tenant.inbound(`&source_id=${id}`);
    assert.ok(rows.length < 250, String(rows.length));
    // Its own fault: it comes from the address of the flood. It tries again, as providers do.
    for (;;) {
      const answer = await send(url, github(SECRET, '{}', 'y'));
      if (answer.status === 200) break;
      assert.equal(answer.status, 429);
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    }
    assert.equal((await tenant.events(`&source_id=${id}`)).length, 1);
  },
};

/** As Meta asks when its owner has typed in the URL and this token. */
function subscribing(token: string): Sent {
  const query = `?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`;
  return { method: 'GET', query };
}
