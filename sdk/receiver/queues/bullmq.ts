/** BullMQ through the caller's queue. */
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';
import type { Queue } from '../queue.ts';
import { digestOf, shortId } from '../short-id.ts';
import { decodeEvent, encodeEvent } from './message.ts';
import type { EventProcessor } from './message.ts';

/** The first, and one a second, three seconds and seven seconds later. */
const DEFAULT_JOB_OPTIONS = { attempts: 4, backoff: { type: 'exponential', delay: 1_000 } };
/** BullMQ takes neither colons nor whole numbers as ids of jobs. */
const REFUSED_ID = /:|^\d+$/;

/** `new Queue(…)` of BullMQ. */
export interface BullmqJobs {
  add(name: string, data: WebhookEvent, options: object): Promise<unknown>;
}

export interface BullmqQueueOptions {
  /** BullMQ's own options of a job, such as `attempts`, `backoff` and `removeOnComplete`. */
  readonly jobOptions?: Readonly<Record<string, unknown>>;
}

/**
 * The sender is told 200 once Redis has the job. Its name is the event's type; its id comes from
 * the event's, so that one id is one job as long as BullMQ keeps it. Default: four attempts.
 */
export function bullmqQueue(queue: BullmqJobs, options: BullmqQueueOptions = {}): Queue {
  return {
    async push(event) {
      const jobOptions = { ...DEFAULT_JOB_OPTIONS, ...options.jobOptions };
      const jobId = await jobIdOf(event);
      await queue.add(event.event_type, event, { ...jobOptions, jobId });
    },
  };
}

/** `new Worker(name, bullmqProcessor(receiver), …)`: a handler that fails fails the job. */
export function bullmqProcessor(
  processor: EventProcessor,
): (job: { readonly data: unknown }) => Promise<void> {
  return async (job) => {
    await processor.process(eventOf(job.data));
  };
}

async function jobIdOf(event: WebhookEvent): Promise<string> {
  const key = await shortId(event.webhook_id);
  return REFUSED_ID.test(key) ? `sha256-${await digestOf(event.webhook_id)}` : key;
}

/** A job that is no event fails at once: trying again would not help. */
function eventOf(data: unknown): WebhookEvent {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked by the decoding
    return decodeEvent(encodeEvent(data as WebhookEvent));
  } catch (error) {
    // BullMQ knows it by its name.
    if (error instanceof Error) error.name = 'UnrecoverableError';
    throw error;
  }
}
