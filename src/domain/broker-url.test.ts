import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointsOf, readBrokerAddress, readBrokerUrl } from './broker-url.ts';
import { addressFor, targetOf, type DestinationSpec } from './destination.ts';

test('a URL of a broker is read once: server, path and credentials apart', () => {
  const reading = readBrokerUrl('rabbitmq', 'AMQPS://a%40b:p%2Fw@Rabbit.Example.com./v%2Fh');
  assert.deepEqual(reading.ok && reading.url, {
    endpoint: { kind: 'rabbitmq', host: 'rabbit.example.com', port: 5671, tls: true },
    server: 'amqps://rabbit.example.com.:5671',
    path: 'v/h',
    credentials: { username: 'a@b', password: 'p/w' },
  });
});

test('an address has one spelling, so that no disguise gets past the guard', () => {
  for (const host of ['127.1', '0x7f000001', '2130706433', '[::FFFF:127.0.0.1]']) {
    const reading = readBrokerUrl('redis', `redis://${host}:6379`);
    assert.ok(reading.ok);
    assert.match(reading.url.endpoint.host, /^(127\.0\.0\.1|::ffff:7f00:1)$/);
  }
});

test('what can not be read is told in a sentence that repeats no password', () => {
  const texts = ['amqp://u:s3cret@', 'http://u:s3cret@host', 'amqp://u:s3cret%zz@host', 's3cret'];
  for (const text of texts) {
    const reading = readBrokerUrl('rabbitmq', text);
    assert.ok(!reading.ok, text);
    assert.doesNotMatch(reading.reason, /s3cret/);
  }
  assert.equal(readBrokerAddress('host', true).ok, false);
  assert.equal(readBrokerAddress('host:70000', true).ok, false);
});

test('each destination has a target that tells it from the others', () => {
  const url = 'amqp://host.example.com:5672';
  const destinations: DestinationSpec[] = [
    { kind: 'rabbitmq', url, exchange: 'a/b', routingKey: '{event_type}' },
    { kind: 'rabbitmq', url, exchange: 'a', routingKey: 'b/{event_type}' },
    { kind: 'nats', servers: ['nats://h:4222', 'tls://i:4222'], subject: 's' },
    { kind: 'redis', url: 'redis://h:6379', stream: 's', maxLength: null },
    { kind: 'kafka', brokers: ['h:9092', 'i:9092'], topic: 's', tls: true },
    { kind: 'inbox', name: 's' },
  ];
  const targets = destinations.map(targetOf);
  assert.equal(new Set(targets).size, targets.length);
  assert.equal(targets[0], 'rabbitmq://host.example.com:5672/a%2Fb/{event_type}');
  assert.deepEqual(
    destinations.map((destination) => endpointsOf(destination).length),
    [1, 1, 2, 1, 2, 0],
  );
});

test('an address may hold the type of the event', () => {
  assert.equal(addressFor('events.{event_type}', 'task.completed'), 'events.task.completed');
  assert.equal(addressFor('events', 'task.completed'), 'events');
});
