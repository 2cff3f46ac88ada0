import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test, type TestContext } from 'node:test';
import { listening } from '../../sdk/contract/serve.ts';
import { signed, utf8 } from '../../sdk/contract/signed-request.ts';
import { createApp } from './receiver.ts';

const SECRET = 'a secret of at least sixteen bytes';
const BODY = utf8(
  '{"webhook_id":"evt_1","event_type":"task.completed",' +
    '"timestamp":"2026-04-09T12:00:00.000Z","task_id":"task_123","data":{}}',
);

async function setup(t: TestContext) {
  const booked = Promise.withResolvers<string | undefined>();
  const app = createApp(SECRET, async (taskId) => booked.resolve(taskId));
  const mounted = await listening(createServer(app), '/webhooks/agent-task-updates');
  t.after(() => mounted.close());
  const post = async (secret: string) => {
    const timestampSeconds = Math.floor(Date.now() / 1000);
    return (await mounted.send(signed('evt_1', BODY, { secret, timestampSeconds }))).status;
  };
  return { post, booked: booked.promise };
}

test('a signed event is taken, and its task booked', async (t) => {
  const { post, booked } = await setup(t);
  assert.equal(await post(SECRET), 200);
  assert.equal(await booked, 'task_123');
});

test('an event signed with another secret is refused', async (t) => {
  const { post } = await setup(t);
  assert.equal(await post('another secret, just as long'), 403);
});
