/** Messages as SQS takes them, in requests that are within its limits. Pure. */
import { createHash } from 'node:crypto';
import type { MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { MAX_SQS_BATCH_BYTES, MAX_SQS_BATCH_MESSAGES } from '../../domain/limits-streams.ts';
import type { BrokerMessage } from '../broker/adapter.ts';

export interface Entry {
  /** Position in what was to be planned. */
  readonly index: number;
  /** As SQS counts them: the body, and names, types and values of attributes. */
  readonly bytes: number;
  readonly entry: SendMessageBatchRequestEntry;
}

export interface PlannedRequests {
  /** Each of them one request. */
  readonly requests: readonly (readonly Entry[])[];
  /** Those that fit into no request. */
  readonly tooLarge: readonly Entry[];
}

/** @param isFifo whether the queue keeps the order of each message group. */
export function planRequests(batch: readonly BrokerMessage[], isFifo: boolean): PlannedRequests {
  const requests: Entry[][] = [];
  const tooLarge: Entry[] = [];
  let bytes = 0;
  for (const [index, message] of batch.entries()) {
    const entry = toEntry(message, index, isFifo);
    if (entry.bytes > MAX_SQS_BATCH_BYTES) {
      tooLarge.push(entry);
      continue;
    }
    const last = requests.at(-1);
    const hasRoom = last !== undefined && last.length < MAX_SQS_BATCH_MESSAGES;
    if (hasRoom && bytes + entry.bytes <= MAX_SQS_BATCH_BYTES) {
      last.push(entry);
      bytes += entry.bytes;
    } else {
      requests.push([entry]);
      bytes = entry.bytes;
    }
  }
  return { requests, tooLarge };
}

/** SQS takes no more with a message. */
const MAX_ATTRIBUTES = 10;
const ATTRIBUTE_NAME = /^[\w.-]{1,256}$/;
const TEXT = 'String';

function toEntry(message: BrokerMessage, index: number, isFifo: boolean): Entry {
  const text = Buffer.from(message.body).toString('utf8');
  const attributes: Record<string, MessageAttributeValue> = {};
  let bytes = message.body.length;
  for (const [name, value] of ownFirst(message.headers)) {
    if (Object.keys(attributes).length === MAX_ATTRIBUTES) break;
    if (!ATTRIBUTE_NAME.test(name) || /^(aws|amazon)\./i.test(name) || value === '') continue;
    attributes[name] = { DataType: TEXT, StringValue: value };
    bytes += Buffer.byteLength(name) + TEXT.length + Buffer.byteLength(value);
  }
  return {
    index,
    bytes,
    entry: {
      Id: String(index),
      MessageBody: text,
      MessageAttributes: attributes,
      ...(isFifo && {
        MessageGroupId: token(message.line()),
        MessageDeduplicationId: token(message.deliveryId),
      }),
    },
  };
}

/** Bellwire's own headers are few and always go along; those of the subscription may not all. */
const OWN = /^(webhook-id|bellwire-|content-type$|event-type$|traceparent$)/;

function ownFirst(headers: Readonly<Record<string, string>>): [string, string][] {
  const all = Object.entries(headers);
  const own = all.filter(([name]) => OWN.test(name));
  return [...own, ...all.filter(([name]) => !OWN.test(name))];
}

/** Letters, digits and ASCII punctuation, 1–128 of them. */
const TOKEN = /^[!-~]{1,128}$/;

/** Other texts go by their hash: the same for the same text. */
function token(text: string): string {
  return TOKEN.test(text) ? text : createHash('sha256').update(text).digest('hex');
}
