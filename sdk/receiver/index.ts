/** What `import … from 'bellwire/receiver'` gives. */
export { createReceiver, DEFAULT_MAX_BODY_BYTES } from './receiver.ts';
export type { Receiver, ReceiverOptions } from './receiver.ts';
export { memoryDedupe } from './memory-dedupe.ts';
export type { MemoryDedupeOptions } from './memory-dedupe.ts';
export { memoryQueue } from './memory-queue.ts';
export type { MemoryQueueOptions } from './memory-queue.ts';
export { REFUSALS } from './replies.ts';
export type { RefusalReason, Reply } from './replies.ts';
export type { BodyRead, Handle, IncomingRequest, Logger } from './handle.ts';
export type { Claim, Dedupe } from './dedupe.ts';
export type { Consumer, Queue, Run } from './queue.ts';
export type { Handler, Handlers } from './handlers.ts';
export type { HeaderScheme, Scheme } from './signature.ts';
export type { WebhookEvent } from '../../src/protocol/envelope.ts';
