/** What `bellwire dev` prints: where it is, and three lines to paste. */
import { styleText } from 'node:util';
import type { Config } from '../app/config.ts';
import type { DevReceiver } from './dev-receiver.ts';

interface Started {
  readonly url: string;
  readonly adminKey: string;
  readonly receiver: DevReceiver;
  readonly config: Config;
}

export function devBanner({ url, adminKey, receiver, config }: Started): string {
  const auth = `-H 'authorization: Bearer ${adminKey}' -H 'content-type: application/json'`;
  const subscription = {
    event_type: 'task.*',
    target_url: `${receiver.url}/webhooks/agent-task-updates`,
    secret: receiver.secret,
  };
  const event = { event_type: 'task.completed', task_id: 'task_123', status: 'success', data: {} };
  return `
${bold('Bellwire')} is ready at ${bold(url)}  (API page: ${url}/docs)
${warn(`Development mode: targets on ${config.allow_targets} are allowed.`)}
${warn('Use "bellwire serve" in production.')}

Data and keys:  ${config.data}
Admin key:      ${adminKey}
Dev receiver:   ${receiver.url}  (verifies and prints what arrives)

${bold('1. Subscribe')}
curl ${url}/v1/webhooks/subscriptions ${auth} -d ${json(subscription)}

${bold('2. Publish')}
curl ${url}/v1/events ${auth} -d ${json(event)}

${bold('3. See it arrive')}
curl ${receiver.url}

To receive from Stripe, GitHub and others: ${url}/v1/sources, see docs/guides/receiving.md
`;
}

function bold(text: string): string {
  return styleText('bold', text);
}

function warn(text: string): string {
  return styleText('yellow', text);
}

/** As a shell word. */
function json(value: object): string {
  return `'${JSON.stringify(value)}'`;
}
