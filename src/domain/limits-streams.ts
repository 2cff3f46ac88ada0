/** Limits of the destinations kafka, sqs and inbox, each with its unit. */

// Kafka, SQS and inboxes

/** Messages that may wait in one inbox; what is past them is refused until some are pulled. */
export const MAX_INBOX_MESSAGES = 100_000;
/** Bytes of what waits in one inbox. */
export const MAX_INBOX_BYTES = 1_073_741_824;

/** What SQS takes in one request. */
export const MAX_SQS_BATCH_MESSAGES = 10;
/** Bytes of one request to SQS: bodies and attributes, also of a single message. */
export const MAX_SQS_BATCH_BYTES = 1_048_576;

/** Bytes of one answer of a Kafka broker; a larger one ends the connection. */
export const MAX_KAFKA_ANSWER_BYTES = 16_777_216;
/** How long a Kafka broker may take to answer one request, milliseconds. */
export const KAFKA_ANSWER_TIMEOUT_MS = 15_000;
/** Further tries of one produce request by the same producer, which never store it twice. */
export const KAFKA_QUICK_RETRIES = 4;
/** Pause between them, milliseconds. */
export const KAFKA_QUICK_RETRY_MS = 250;
/** Connections to the servers of SQS on behalf of one tenant. */
export const MAX_SQS_CONNECTIONS = 16;
/** How long SQS may take to answer one request, milliseconds. */
export const SQS_ANSWER_TIMEOUT_MS = 15_000;
/** Messages that go into an inbox in one transaction. */
export const MAX_INBOX_BATCH_MESSAGES = 500;
/** Bytes of bodies in one such transaction; one message always goes. */
export const MAX_INBOX_BATCH_BYTES = 4_194_304;
