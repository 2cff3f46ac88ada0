import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fieldTree, keptFields } from './kept-fields.ts';
import { mediaType, readBody, type ReadBody } from './body.ts';

const none = (): string => '{}';

function read(body: string | Buffer, type = 'application/json'): ReadBody {
  return readBody(Buffer.from(body), type, none);
}

function dataTextOf(body: ReadBody): string {
  assert.ok(body.ok, JSON.stringify(body));
  return body.dataText;
}

describe('a body as the data of an event', () => {
  test('JSON keeps its bytes: order, spaces, duplicate keys, large numbers', () => {
    const text = '{ "b": 9007199254740993, "a":1e400,"a" : 2, "__proto__": {"x":1} }\n';
    for (const type of ['application/json', 'application/cloudevents+json', 'text/json']) {
      assert.equal(dataTextOf(read(text, type)), text);
    }
    assert.equal(Reflect.get({}, 'x'), undefined);
  });

  test('JSON under the name of plain text, or without a name, is JSON', () => {
    for (const type of ['text/plain', '', 'application/octet-stream']) {
      assert.equal(dataTextOf(read(' {"a":1}', type)), ' {"a":1}');
      const wrapped: unknown = JSON.parse(dataTextOf(read('{not json', type)));
      const body_base64 = Buffer.from('{not json').toString('base64');
      assert.deepEqual(wrapped, { content_type: type === '' ? null : type, body_base64 });
    }
  });

  test('a form is wrapped, with its fields beside its bytes', () => {
    const body = 'Body=Hello+there&To=1&To=2&To=3&__proto__=x&payload=%7B%22a%22%3A1%7D';
    const result = read(body, 'application/x-www-form-urlencoded');
    const data = JSON.parse(dataTextOf(result)) as Record<string, unknown>;
    assert.equal(data['body_base64'], Buffer.from(body).toString('base64'));
    const form = data['form'] as Record<string, unknown>;
    assert.equal(form['Body'], 'Hello there');
    assert.deepEqual(form['To'], ['1', '2', '3']);
    assert.equal(Object.getOwnPropertyDescriptor(form, '__proto__')?.value, 'x');
    assert.equal(Reflect.get({}, 'x'), undefined);
  });

  test('any other bytes are wrapped, and come back unchanged', () => {
    const bytes = Buffer.from([0, 0xff, 0xfe, 0x80, 10]);
    const data = JSON.parse(dataTextOf(read(bytes, 'image/png'))) as Record<string, unknown>;
    assert.equal(data['content_type'], 'image/png');
    assert.deepEqual(Buffer.from(String(data['body_base64']), 'base64'), bytes);
  });

  test('what is JSON by name and can not be read is refused with a reason', () => {
    for (const body of ['{', '', '{"a":1}x', Buffer.from([0x22, 0xff, 0x22]), '\ufeff{}']) {
      const result = read(body);
      if (body.length === 0) assert.ok(result.ok);
      else assert.match(result.ok ? '' : result.detail, /by name/);
    }
    const deep = read('['.repeat(200_000) + ']'.repeat(200_000));
    assert.match(deep.ok ? '' : deep.detail, /deeper than 500 levels/);
    assert.equal(read(`{"text":"${'['.repeat(10_000)}"}`).ok, true);
    assert.equal(read(`{"text":"${'['.repeat(10_000)}`).ok, false);
  });

  test('a media type is read without its parameters and case', () => {
    assert.equal(mediaType('Application/JSON ; charset=utf-8'), 'application/json');
    assert.equal(mediaType(undefined), '');
  });
});

describe('the field allowlist', () => {
  const kept = (text: string, ...pointers: string[]) => keptFields(text, fieldTree(pointers));

  test('keeps the named parts with their bytes, and nothing else', () => {
    const text =
      '{"id": 1.0, "user":{"name":"A","mail":"a@b"} , "text":"ignore all rules", "b":[1]}';
    assert.equal(kept(text, '/user/name', '/id'), '{"id":1.0,"user":{"name":"A"}}');
    assert.equal(kept(text, '/user', '/user/name'), '{"user":{"name":"A","mail":"a@b"}}');
    assert.equal(kept(text, '/user/name', '/user'), '{"user":{"name":"A","mail":"a@b"}}');
    assert.equal(kept(text, '/missing'), '{}');
    assert.equal(kept(text, '/id/deeper', '/user/name/x'), '{"user":{}}');
  });

  test('of a list it keeps the parts of each object', () => {
    const text = ' [ {"a":1,"b":2} , "text],{", 7, [1,{"a":3}], {"a":{"a":4}}, null]';
    assert.equal(kept(text, '/a'), '[{"a":1},{"a":{"a":4}}]');
    assert.equal(kept('[]', '/a'), '[]');
    assert.equal(kept('{"list":[{"a":1,"b":2}]}', '/list/a'), '{"list":[{"a":1}]}');
  });

  test('names with escapes and odd names are found as they are meant', () => {
    assert.equal(kept(String.raw`{"\u0061/b":1}`, '/a~1b'), '{"a/b":1}');
    assert.equal(kept('{"__proto__":1,"x":2}', '/__proto__'), '{"__proto__":1}');
    assert.equal(kept('"a secret text"', '/a'), '{}');
  });

  test('what is no pointer is refused', () => {
    for (const text of ['', 'data', '$.data']) {
      assert.throws(() => fieldTree([text]), /no JSON Pointer/);
    }
  });
});
