/** Names within a broker: what each protocol takes for a routing key, subject, topic or stream. */

/** A short string of AMQP 0-9-1 holds so many bytes. */
const MAX_SHORT_STRING_BYTES = 255;

// oxlint-disable-next-line no-control-regex -- they are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/** A sentence saying why a routing key or exchange can't be used, or undefined. */
export function checkAmqpName(text: string): string | undefined {
  if (CONTROL.test(text)) return 'must not hold control characters';
  const bytes = new TextEncoder().encode(text).length;
  return bytes > MAX_SHORT_STRING_BYTES
    ? `is longer than ${MAX_SHORT_STRING_BYTES} bytes`
    : undefined;
}

const SUBJECT_TOKEN = /^[^\s.*>\u007f]+$/u;

/** The same for a NATS subject that is published to. */
export function checkNatsSubject(text: string): string | undefined {
  if (CONTROL.test(text) || !text.split('.').every((token) => SUBJECT_TOKEN.test(token))) {
    return 'is names joined by ".", without spaces and without the wildcards * and >';
  }
  // The server's own API answers there: what is published can create and delete streams.
  return text.startsWith('$') ? 'must not begin with "$", which is for the server' : undefined;
}

const TOPIC = /^[A-Za-z0-9._-]{1,249}$/;

/** The same for a Kafka topic. */
export function checkKafkaTopic(text: string): string | undefined {
  if (TOPIC.test(text) && text !== '.' && text !== '..') return undefined;
  return 'is 1 to 249 letters, digits, ".", "_" and "-"';
}

/** The same for the key of a Redis stream. */
export function checkRedisKey(text: string): string | undefined {
  return CONTROL.test(text) ? 'must not hold control characters' : undefined;
}

const DATABASE = /^\d{0,4}$/;

/** The same for the path of a Redis URL: the number of a database, or nothing for 0. */
export function checkRedisPath(path: string): string | undefined {
  return DATABASE.test(path) ? undefined : 'may end in the number of a database and nothing else';
}
