/** An agent that tells the world about its task: started, half way, done. */
import { randomUUID } from 'node:crypto';
import { Bellwire, BellwireError } from '../../sdk/client/index.ts';

const bellwire = new Bellwire({
  baseUrl: process.env['BELLWIRE_URL'] ?? 'http://127.0.0.1:8420',
  apiKey: process.env['BELLWIRE_KEY'] ?? '',
});
const taskId = process.env['TASK_ID'] ?? `task_${randomUUID()}`;

async function tell(event_type: string, status: string, data: object): Promise<void> {
  const { id, deliveries } = await bellwire.events.publish({
    event_type,
    task_id: taskId,
    status,
    data,
  });
  console.log(`${id}  ${event_type} of ${taskId}, deliveries: ${deliveries}`);
}

try {
  await tell('task.started', 'running', { goal: 'summarise the quarterly report' });
  await tell('task.progress', 'running', { percent: 50, note: '12 of 24 pages read' });
  await tell('task.completed', 'success', { summary: 'Revenue grew by a fifth.' });
} catch (error) {
  if (!(error instanceof BellwireError)) throw error;
  console.error(error.message);
  if (error.nextStep !== undefined) console.error(error.nextStep);
  process.exitCode = 1;
}
