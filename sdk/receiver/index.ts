/** What `import … from 'bellwire/receiver'` gives. */
export { createReceiver } from './receiver.ts';
export {
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_PROVIDER_BODY_BYTES,
  DEFAULT_STORE_TIMEOUT_MS,
} from './receiver-options.ts';
export type { Receiver, ReceiverOptions } from './receiver-options.ts';
export { memoryDedupe } from './memory-dedupe.ts';
export type { MemoryDedupeOptions } from './memory-dedupe.ts';
export { memoryQueue } from './memory-queue.ts';
export type { MemoryQueueOptions } from './memory-queue.ts';
export { REFUSALS } from './replies.ts';
export type { RefusalReason, Reply } from './replies.ts';
export type { BodyRead, Handle, IncomingRequest } from './handle.ts';
export type { Logger } from './take.ts';
export type { Claim, Dedupe } from './dedupe.ts';
export type { Consumer, Queue, Run } from './queue.ts';
export type { Handler, Handlers } from './handlers.ts';
export type { HeaderScheme } from './signature.ts';
export type { Scheme } from './schemes.ts';
export type { ProviderConfig, ProviderScheme, SchemeObject } from './providers/options.ts';
export type { ProviderEvent } from './providers/door.ts';
export { untrustedText } from './untrusted-text.ts';
export type { UntrustedTextOptions } from './untrusted-text.ts';

// Stores and brokers, through the caller's own client: these import nothing.
export type { LeaseOptions } from './dedupe/lease.ts';
export { sqliteDedupe } from './dedupe/sqlite.ts';
export type { SqliteDatabase, SqliteDedupeOptions } from './dedupe/sqlite.ts';
export { redisDedupe } from './dedupe/redis.ts';
export type { RedisClient, RedisDedupeOptions } from './dedupe/redis.ts';
export { postgresDedupe, postgresDedupeTable } from './dedupe/postgres.ts';
export type { PostgresDedupeOptions, PostgresPool } from './dedupe/postgres.ts';
export { rabbitmqQueue, consumeRabbitmq } from './queues/rabbitmq.ts';
export type { ConsumeRabbitmqOptions, RabbitmqQueueOptions } from './queues/rabbitmq.ts';
export { sqsQueue, consumeSqs } from './queues/sqs.ts';
export type { ConsumeSqsOptions, SqsQueueOptions } from './queues/sqs.ts';
export { kafkaQueue } from './queues/kafka.ts';
export type { KafkaQueueOptions } from './queues/kafka.ts';
export { natsQueue, consumeNats } from './queues/nats.ts';
export type { ConsumeNatsOptions, NatsQueueOptions } from './queues/nats.ts';
export { bullmqQueue, bullmqProcessor } from './queues/bullmq.ts';
export type { BullmqQueueOptions } from './queues/bullmq.ts';
export { processMessage } from './queues/message.ts';
export type { EventProcessor } from './queues/message.ts';
export type { ConsumeOptions, Consumption } from './queues/delivery.ts';
export type { WebhookEvent } from '../../src/protocol/envelope.ts';
