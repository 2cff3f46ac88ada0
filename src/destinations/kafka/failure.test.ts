import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AuthenticationError,
  MultipleErrors,
  NetworkError,
  ProtocolError,
  ResponseError,
  TimeoutError,
  UserError,
} from '@platformatic/kafka';
import { kafkaFailure } from './failure.ts';

function code(name: string): Error {
  return Object.assign(new Error('of the socket, with an address'), { code: name });
}

const cause = (error: Error) =>
  new NetworkError('Connection to 10.0.0.1:9092 failed.', { cause: error });

const CASES: readonly (readonly [string, unknown, string])[] = [
  ['a refused connection', cause(code('ECONNREFUSED')), 'connect'],
  ['a certificate nobody knows', cause(code('DEPTH_ZERO_SELF_SIGNED_CERT')), 'tls'],
  ['TLS where none was asked for', new UserError('Broker requires TLS.'), 'tls'],
  [
    'wrong credentials',
    cause(new AuthenticationError('SASL authentication failed.')),
    'auth_failed',
  ],
  ['an ACL', new ProtocolError('TOPIC_AUTHORIZATION_FAILED'), 'auth_failed'],
  ['too large', new ProtocolError('MESSAGE_TOO_LARGE'), 'rejected'],
  ['an unknown topic', new UserError('Unknown topic nowhere.'), 'rejected'],
  ['too few replicas', new ProtocolError('NOT_ENOUGH_REPLICAS'), 'overloaded'],
  ['silence', new TimeoutError('Request timed out'), 'timeout'],
  ['a broken connection', new NetworkError('Connection closed'), 'reset'],
  ['what is no error at all', 'surprise', 'reset'],
  [
    'several tries, the last of which was blocked',
    new MultipleErrors('tried twice', [
      cause(code('ECONNRESET')),
      new NetworkError('not allowed', { reason: 'blocked' }),
    ]),
    'blocked',
  ],
];

for (const [what, error, reason] of CASES) {
  test(`${what}: ${reason}`, () => {
    const failure = kafkaFailure(error);
    assert.equal(failure.reason, reason);
    assert.ok(!failure.detail.includes('10.0.0.1'), failure.detail);
  });
}

test('a refusal of the topic is told from one of a message', () => {
  assert.equal(kafkaFailure(new ProtocolError('UNKNOWN_TOPIC_OR_PARTITION')).isOfTopic, true);
  const response = new ResponseError(0, 7, { '/': [10, null] }, {});
  const failure = kafkaFailure(response);
  assert.deepEqual([failure.reason, failure.isOfTopic], ['rejected', false]);
});
