/** Amazon SQS, standard and FIFO queues. Each request is signed and goes through egress. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Credentials, SqsDestination } from '../../domain/destination.ts';
import { MAX_SQS_BATCH_BYTES } from '../../domain/limits-streams.ts';
import type { Egress } from '../../egress/port.ts';
import {
  BrokerFailure,
  loadClient,
  type BrokerAdapter,
  type BrokerConnection,
  type BrokerMessage,
  type ConnectOptions,
  type PublishOutcome,
} from '../broker/adapter.ts';
import { planRequests, type Entry } from './entries.ts';
import { entryFailure, sqsFailure, type SqsFailure } from './failure.ts';
import { guardedHandler } from './guarded-handler.ts';

type Sdk = typeof import('@aws-sdk/client-sqs');

const TOO_LARGE: PublishOutcome = {
  taken: false,
  reason: 'rejected',
  detail: `SQS takes messages of up to ${MAX_SQS_BATCH_BYTES} bytes, attributes included`,
};

export function createSqsAdapter(egress: Pick<Egress, 'send'>): BrokerAdapter<SqsDestination> {
  let scopes = 0;
  return {
    kind: 'sqs',
    async connect(options) {
      const sdk = await loadClient('@aws-sdk/client-sqs', () => import('@aws-sdk/client-sqs'));
      scopes += 1;
      return new SqsConnection(sdk, options, egress, `sqs ${scopes}`);
    },
  };
}

class SqsConnection implements BrokerConnection<SqsDestination> {
  readonly #sdk: Sdk;
  readonly #client: SQSClient;
  readonly #ending = new AbortController();
  /** A FIFO queue keeps the order in which requests come, so there they wait for each other. */
  #last: Promise<unknown> = Promise.resolve();

  /** @throws BrokerFailure without credentials: those of the server are nobody else's. */
  constructor(
    sdk: Sdk,
    { destination, credentials }: ConnectOptions<SqsDestination>,
    egress: Pick<Egress, 'send'>,
    poolScope: string,
  ) {
    const { region, endpoint, queueUrl } = destination;
    this.#sdk = sdk;
    this.#client = new sdk.SQSClient({
      region,
      // Always said, or the environment of this process would have a say.
      endpoint: endpoint ?? new URL(queueUrl).origin,
      credentials: keysOf(credentials),
      requestHandler: guardedHandler({ egress, poolScope, signal: this.#ending.signal }),
      // The schedule of the subscription tries again.
      maxAttempts: 1,
      retryMode: 'standard',
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      defaultsMode: 'standard',
    });
  }

  async publish(
    { queueUrl }: SqsDestination,
    batch: readonly BrokerMessage[],
  ): Promise<readonly PublishOutcome[]> {
    const isFifo = queueUrl.endsWith('.fifo');
    const { requests, tooLarge } = planRequests(batch, isFifo);
    const outcomes: PublishOutcome[] = [];
    for (const { index } of tooLarge) outcomes[index] = TOO_LARGE;
    const note = ({ index }: Entry, outcome: PublishOutcome) => {
      outcomes[index] = outcome;
    };
    if (isFifo) {
      for (const request of requests) await this.#inTurn(() => this.#send(queueUrl, request, note));
    } else {
      await Promise.all(requests.map((request) => this.#send(queueUrl, request, note)));
    }
    return outcomes;
  }

  async close(): Promise<void> {
    this.destroy();
  }

  destroy(): void {
    this.#ending.abort();
    this.#client.destroy();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #send(
    queueUrl: string,
    request: readonly Entry[],
    note: (entry: Entry, outcome: PublishOutcome) => void,
  ): Promise<void> {
    const Entries = request.map(({ entry }) => entry);
    const command = new this.#sdk.SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
    let answer;
    try {
      answer = await this.#client.send(command);
    } catch (error) {
      return this.#refused(queueUrl, request, note, sqsFailure(error));
    }
    const taken = new Map(answer.Successful?.map(({ Id, MessageId }) => [Id, MessageId]));
    const failed = new Map(answer.Failed?.map((failure) => [failure.Id, failure]));
    for (const entry of request) {
      const { Id } = entry.entry;
      const failure = failed.get(Id);
      if (taken.has(Id)) note(entry, { taken: true, detail: `message ${taken.get(Id) ?? ''}` });
      else note(entry, { taken: false, ...entryFailure(failure ?? {}) });
    }
  }

  /** What is wrong with one message must not end the others: each goes by itself then. */
  async #refused(
    queueUrl: string,
    request: readonly Entry[],
    note: (entry: Entry, outcome: PublishOutcome) => void,
    failure: SqsFailure,
  ): Promise<void> {
    const { reason, detail } = failure;
    if (!isAnswer(failure)) throw new BrokerFailure(reason, detail);
    const isOfOne = reason === 'rejected' && !failure.isOfQueue;
    if (isOfOne && request.length > 1) {
      for (const entry of request) await this.#send(queueUrl, [entry], note);
      return;
    }
    for (const entry of request) note(entry, { taken: false, reason, detail });
  }
}

function isAnswer({ reason }: SqsFailure): boolean {
  return reason === 'rejected' || reason === 'auth_failed' || reason === 'overloaded';
}

function keysOf(credentials: Credentials | null) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials ?? {};
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const detail = 'the subscription has no credentials: give access_key_id and secret_access_key';
    throw new BrokerFailure('auth_failed', detail);
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
