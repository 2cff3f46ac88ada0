/**
 * What every queue on a broker must do, with the helper that takes its events out again. An adapter
 * is done when `queueContract` passes with a harness that uses it as its documentation says.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WebhookEvent } from '../../src/protocol/envelope.ts';
import type { Queue } from '../receiver/queue.ts';
import { createReceiver } from '../receiver/receiver.ts';
import type { ConsumeOptions, Consumption } from '../receiver/queues/delivery.ts';
import type { EventProcessor } from '../receiver/queues/message.ts';
import { clock, signedEvent, TEST_SECRET } from './signed-request.ts';
import { signal } from './signal.ts';

/** A queue of its own on the broker, empty at first. */
export interface BrokerQueue {
  readonly queue: Queue;
  /** Hands its events to the handlers, as documented for this broker. */
  consume(processor: EventProcessor, options: ConsumeOptions): Promise<Consumption>;
  /** Takes the connection away from `queue`, or the broker. */
  cut(): Promise<void>;
  /** What the broker still holds. Absent where it keeps everything, as Kafka does. */
  left?(): Promise<number>;
  close(): Promise<void>;
}

export interface QueueHarness {
  readonly name: string;
  /** Why it can't run here. */
  readonly skip?: string | false;
  /** False: a failed event holds up those behind it, and is tried until it succeeds. */
  readonly givesUp: boolean;
  open(): Promise<BrokerQueue>;
}

/** Handlers that note what they get, and fail as often as they are told. */
class Handlers implements EventProcessor {
  readonly got: WebhookEvent[] = [];
  failing = 0;
  #waiting: { readonly count: number; readonly give: () => void }[] = [];

  async process(event: WebhookEvent): Promise<void> {
    this.got.push(event);
    for (const { count, give } of this.#waiting) if (this.got.length >= count) give();
    if (this.failing === 0) return;
    this.failing -= 1;
    throw new Error('the handler fails');
  }

  /** Resolves once there were so many calls. */
  calls(count: number): Promise<void> {
    const reached = signal();
    if (this.got.length >= count) reached.give();
    this.#waiting.push({ count, give: reached.give });
    return reached.given;
  }

  get ids(): string[] {
    return this.got.map((event) => event.webhook_id);
  }
}

function eventOf(id: string, data: unknown = {}): WebhookEvent {
  return { webhook_id: id, event_type: 'task.completed', timestamp: '2026-04-09T12:00:00Z', data };
}

const ODD_EVENTS: readonly WebhookEvent[] = [
  eventOf('evt_1', { text: "키 😀 \u0000 \u2028 \ufffe \uffff it's", deep: [[{ a: null }]] }),
  eventOf('evt_2', { big: 'x'.repeat(200_000) }),
  eventOf('12345', 'text'),
  eventOf('a:b', null),
  eventOf(`evt_${'x'.repeat(300)}`, [1, 2]),
  eventOf(`${'x'.repeat(300)}_evt`, 1),
  eventOf('evt 키', false),
];

interface Case {
  readonly says: string;
  readonly givesUp?: boolean;
  readonly run: (broker: BrokerQueue) => Promise<void>;
}

const cases: readonly Case[] = [
  {
    says: 'events come out as they went in, whatever their ids',
    async run(broker) {
      const handlers = new Handlers();
      const consumption = await broker.consume(handlers, {});
      for (const odd of ODD_EVENTS) await broker.queue.push(odd);
      await handlers.calls(ODD_EVENTS.length);
      const byId = new Map(handlers.got.map((got) => [got.webhook_id, got]));
      for (const odd of ODD_EVENTS) assert.deepEqual(byId.get(odd.webhook_id), odd);
      await consumption.stop();
      assert.equal((await broker.left?.()) ?? 0, 0);
    },
  },
  {
    says: 'what is pushed at once comes out once each, also what came before the consumer',
    async run(broker) {
      const ids = Array.from({ length: 100 }, (_, at) => `evt_${at}`);
      await Promise.all(ids.map((id) => broker.queue.push(eventOf(id))));
      const handlers = new Handlers();
      const consumption = await broker.consume(handlers, {});
      await handlers.calls(ids.length);
      await consumption.stop();
      assert.deepEqual(new Set(handlers.ids), new Set(ids));
      assert.equal(handlers.got.length, ids.length);
    },
  },
  {
    says: 'an event whose handler failed comes again, and is gone once it succeeded',
    async run(broker) {
      const handlers = new Handlers();
      handlers.failing = 1;
      const consumption = await broker.consume(handlers, { retryDelaysMs: [1, 1] });
      await broker.queue.push(eventOf('evt_1'));
      await handlers.calls(2);
      await consumption.stop();
      assert.deepEqual(handlers.ids, ['evt_1', 'evt_1']);
      assert.equal((await broker.left?.()) ?? 0, 0);
    },
  },
  {
    says: 'an event whose tries are used up is told, and holds up no other',
    givesUp: true,
    async run(broker) {
      const handlers = new Handlers();
      handlers.failing = 2;
      const told = signal();
      const lost: (string | undefined)[] = [];
      const onError: ConsumeOptions['onError'] = (_error, given) => {
        lost.push(given?.webhook_id);
        told.give();
      };
      const consumption = await broker.consume(handlers, { retryDelaysMs: [1], onError });
      await broker.queue.push(eventOf('evt_1'));
      await told.given;
      await broker.queue.push(eventOf('evt_2'));
      await handlers.calls(3);
      await consumption.stop();
      assert.deepEqual([handlers.ids, lost], [['evt_1', 'evt_1', 'evt_2'], ['evt_1']]);
    },
  },
  {
    says: 'without its broker a push is refused, so that the sender is told 503 and tries again',
    async run(broker) {
      const { queue } = broker;
      const receiver = createReceiver({ secret: TEST_SECRET, clock, queue });
      const { headers, body } = signedEvent('evt_1');
      const send = () => receiver.handle({ headers, readBody: async () => body });
      await broker.cut();
      const reply = await send();
      assert.equal(reply.status, 503);
      assert.match(reply.body, /queue_refused/);
    },
  },
];

/** Registers the suite for one adapter. */
export function queueContract(harness: QueueHarness): void {
  for (const { says, givesUp, run } of cases) {
    if (givesUp === true && !harness.givesUp) continue;
    test(`${harness.name}: ${says}`, { skip: harness.skip ?? false }, async () => {
      const broker = await harness.open();
      const consumptions: Consumption[] = [];
      const consume: BrokerQueue['consume'] = async (processor, options) => {
        const consumption = await broker.consume(processor, options);
        consumptions.push(consumption);
        return consumption;
      };
      try {
        await run({ ...broker, consume });
      } finally {
        for (const consumption of consumptions) await consumption.stop();
        await broker.close();
      }
    });
  }
}
