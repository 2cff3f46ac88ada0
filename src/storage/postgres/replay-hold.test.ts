/** Which of several processes runs a replay. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { newReplay } from '../contract/factories.ts';
import { describeOnPostgres, openNode, openNodes } from './testing/on-postgres.ts';
import { execute } from './testing/test-server.ts';

await describeOnPostgres('replays of several nodes', (server) => {
  it('a replay is run by one node, and by another once that one is gone', async (t) => {
    const { url, nodes } = await openNodes(t, server, 2);
    const [one, other] = nodes;
    assert.ok(one !== undefined && other !== undefined);
    const { number } = await one.replays.insert(newReplay());
    const held = await Promise.all([one.replays.hold(number), other.replays.hold(number)]);
    assert.equal(held.filter(Boolean).length, 1, 'exactly one has it');
    const [holder, waiting] = held[0] ? [one, other] : [other, one];
    assert.equal(await holder.replays.hold(number), true);
    assert.equal(await waiting.replays.hold(number), false);
    await holder.close();
    assert.equal(await waiting.replays.hold(number), true);
    const third = await openNode(url);
    t.after(() => third.close());
    assert.equal(await third.replays.hold(number), false);
  });

  it('the end of a lease is the end of the hold', async (t) => {
    const { url, nodes } = await openNodes(t, server, 2);
    const [one, other] = nodes;
    assert.ok(one !== undefined && other !== undefined);
    const { number } = await one.replays.insert(newReplay());
    assert.equal(await one.replays.hold(number), true);
    assert.equal(await other.replays.hold(number), false);
    const slot = one.cluster?.slot;
    await execute(url, `update node_slot set epoch = epoch + 1 where slot = ${slot}`);
    assert.equal(await other.replays.hold(number), true);
    assert.equal(await one.replays.hold(number), false);
  });
});
