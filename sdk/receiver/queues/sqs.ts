/** Amazon SQS through the caller's client. */
import type { Clock } from '../../clock.ts';
import { systemClock } from '../../clock.ts';
import type { WebhookEvent } from '../../../src/protocol/envelope.ts';
import type { Queue } from '../queue.ts';
import { shortId } from '../short-id.ts';
import { DEFAULT_CONSUMER_CONCURRENCY, handleDelivery, reportTo } from './delivery.ts';
import type { ConsumeOptions, Consumption } from './delivery.ts';
import { encodeEvent } from './message.ts';
import type { EventProcessor } from './message.ts';
import { Workers } from './workers.ts';

const RECEIVE_COUNT = 'ApproximateReceiveCount';
/** Of a group's and a deduplication's id. */
const MAX_FIFO_ID_CHARS = 128;
/** What SQS hands out at most in one call, and how long it waits for the first at most. */
const MAX_RECEIVED = 10;
const MAX_WAIT_SECONDS = 20;
const MAX_VISIBILITY_SECONDS = 43_200;
/** After a call that failed. */
const PAUSE_MS = 5_000;
/**
 * SQS takes no U+FFFE and U+FFFF, and emulators nothing that UTF-16 spells in two parts. JSON may
 * spell all of them with escapes.
 */
const NOT_TAKEN = /[\ufffe\uffff\ud800-\udfff]/g;

/**
 * `new SQS(…)` of @aws-sdk/client-sqs. For a bare client:
 * `{ sendMessage: (input) => client.send(new SendMessageCommand(input)) }`.
 */
export interface SqsSender {
  sendMessage(input: SqsMessage): Promise<unknown>;
}

export interface SqsMessage {
  QueueUrl: string;
  MessageBody: string;
  MessageAttributes: Record<string, { DataType: string; StringValue: string }>;
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
}

export interface SqsQueueOptions {
  /** A name that ends in `.fifo` is that of a FIFO queue. */
  readonly queueUrl: string;
  /** Events of one group are handed out in order, one after the other. Default: each by itself. */
  readonly groupId?: (event: WebhookEvent) => string;
}

/**
 * The sender is told 200 once SQS has answered. A FIFO queue takes an id once within five minutes.
 * @throws TypeError for a client of the other kind.
 */
export function sqsQueue(client: SqsSender, options: SqsQueueOptions): Queue {
  const { queueUrl, groupId } = options;
  if (typeof client.sendMessage !== 'function') {
    throw new TypeError(
      'sqsQueue needs `new SQS()`, not `new SQSClient()`, of @aws-sdk/client-sqs',
    );
  }
  const isFifo = queueUrl.endsWith('.fifo');
  return {
    async push(event) {
      const key = await shortId(event.webhook_id, MAX_FIFO_ID_CHARS);
      await client.sendMessage({
        QueueUrl: queueUrl,
        MessageBody: encodeEvent(event).replace(NOT_TAKEN, escaped),
        MessageAttributes: {
          'webhook-id': { DataType: 'String', StringValue: key },
        },
        ...(groupId && { MessageGroupId: groupId(event) }),
        ...(isFifo && { MessageGroupId: groupId?.(event) ?? key, MessageDeduplicationId: key }),
      });
    },
  };
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}

/** `new SQS(…)` of @aws-sdk/client-sqs. */
export interface SqsConsumer {
  receiveMessage(
    input: {
      QueueUrl: string;
      MaxNumberOfMessages: number;
      WaitTimeSeconds: number;
      MessageSystemAttributeNames: ['ApproximateReceiveCount'];
    },
    options: { abortSignal: AbortSignal },
  ): Promise<{ Messages?: SqsReceived[] | undefined }>;
  deleteMessage(input: { QueueUrl: string; ReceiptHandle: string }): Promise<unknown>;
  changeMessageVisibility(input: {
    QueueUrl: string;
    ReceiptHandle: string;
    VisibilityTimeout: number;
  }): Promise<unknown>;
}

export interface SqsReceived {
  Body?: string | undefined;
  ReceiptHandle?: string | undefined;
  Attributes?: Partial<Record<string, string>> | undefined;
}

export interface ConsumeSqsOptions extends ConsumeOptions {
  readonly queueUrl: string;
  /** Messages held at once. Default 16. */
  readonly concurrency?: number;
  readonly clock?: Clock;
}

/**
 * Deletes a message once its handlers succeeded. One that failed becomes visible again after its
 * pause; one whose tries are used up is left alone, and the queue's redrive policy decides. Let the
 * queue's visibility timeout be longer than your handlers take.
 */
export function consumeSqs(
  client: SqsConsumer,
  processor: EventProcessor,
  options: ConsumeSqsOptions,
): Consumption {
  const concurrency = options.concurrency ?? DEFAULT_CONSUMER_CONCURRENCY;
  const workers = new Workers(concurrency, options.clock ?? systemClock);
  const stopping = new AbortController();
  const work = (message: SqsReceived) =>
    handleDelivery(processor, deliveryOf(client, options.queueUrl, message), options);
  const loop = receiveAll(client, options, workers, stopping.signal, work);
  return {
    async stop() {
      stopping.abort();
      await Promise.all([workers.stop(), loop]);
      // What the last call had received.
      await workers.stop();
    },
  };
}

/** Never rejects. */
async function receiveAll(
  client: SqsConsumer,
  options: ConsumeSqsOptions,
  workers: Workers,
  abortSignal: AbortSignal,
  work: (message: SqsReceived) => Promise<void>,
): Promise<void> {
  while (!abortSignal.aborted) {
    await workers.room();
    const input = {
      QueueUrl: options.queueUrl,
      MaxNumberOfMessages: Math.min(workers.free, MAX_RECEIVED),
      WaitTimeSeconds: MAX_WAIT_SECONDS,
      MessageSystemAttributeNames: [RECEIVE_COUNT] satisfies ['ApproximateReceiveCount'],
    };
    try {
      const { Messages = [] } = await client.receiveMessage(input, { abortSignal });
      for (const message of Messages) workers.start(() => work(message));
    } catch (error) {
      if (abortSignal.aborted) return;
      reportTo(options)(error, undefined);
      await workers.pause(PAUSE_MS);
    }
  }
}

function deliveryOf(client: SqsConsumer, queueUrl: string, message: SqsReceived) {
  const which = { QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle ?? '' };
  return {
    body: message.Body ?? '',
    failures: Number(message.Attributes?.[RECEIVE_COUNT] ?? 1) - 1,
    done: () => client.deleteMessage(which),
    again: (delayMs: number) =>
      client.changeMessageVisibility({
        ...which,
        VisibilityTimeout: Math.min(Math.ceil(delayMs / 1000), MAX_VISIBILITY_SECONDS),
      }),
    giveUp() {},
  };
}
