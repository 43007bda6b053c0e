import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type JacksonValue,
  readJackson,
  writeJackson,
} from '../../../../src/engine/credentials/stored/jackson.ts';
import { readStoredBasic } from '../../../../src/engine/credentials/stored/stored-basic.ts';

test('reads every JSON value that JSON.parse reads, scalars as text', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), (json) => {
      // Numbers are compared with what was written, so those that JSON.stringify writes.
      const value: unknown = JSON.parse(json);
      assert.deepEqual(readJackson(JSON.stringify(value)), asText(value));
    }),
  );
});

function asText(value: unknown): JacksonValue {
  if (value === null || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value === 'object')
    return new Map(Object.entries(value).map(([name, one]) => [name, asText(one)]));
  return JSON.stringify(value);
}

test('the first value counts, whatever follows it', () => {
  assert.equal(readJackson(' "a" {'), 'a');
  assert.deepEqual(readJackson('{"a":1}}, nonsense'), new Map([['a', '1']]));
  assert.deepEqual(readJackson('{"a":1,"\\u0061":2}'), new Map([['a', '2']]));
});

test('nothing beyond RFC 8259', () => {
  const wrong = [
    '',
    ' ',
    '{',
    '{"a"}',
    '{"a":}',
    "{'a':1}",
    '{a:1}',
    '{"a":1,}',
    '[1,]',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
  ];
  const words = [
    'NaN',
    'nulll',
    'TRUE',
    '1a',
    '"a',
    '"\n"',
    '"\\x"',
    '/* c */1',
    '\ufeff{}',
    '[1 2]',
    '{"a":1 "b":2}',
  ];
  for (const json of [...wrong, ...words]) assert.equal(readJackson(json), undefined, json);
});

test('depth is bounded as Jackson bounds it', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.notEqual(readJackson(nested(1_000)), undefined);
  assert.equal(readJackson(nested(1_001)), undefined);
  assert.equal(readJackson('['.repeat(1_000_000)), undefined);
});

test('a name from outside is a name only', () => {
  assert.deepEqual(readJackson('{"__proto__":"a"}'), new Map([['__proto__', 'a']]));
  assert.equal(readStoredBasic('{"__proto__":null,"userName":"a"}'), undefined);
  assert.equal(readStoredBasic('{"constructor":"a"}'), undefined);
});

test('writes control characters as Jackson does, and nothing else differently from JSON.stringify', () => {
  assert.equal(writeJackson({ a: '\u001f\n\u007f\\u001f' }), '{"a":"\\u001F\\n\u007f\\\\u001f"}');
});

test('the value of basic credentials: scalars as written, members missing or null alike', () => {
  assert.deepEqual(readStoredBasic('{"password":1.50,"clientId":true} trailing'), {
    clientId: 'true',
    userName: null,
    password: '1.50',
  });
  assert.deepEqual(readStoredBasic('{}'), { clientId: null, userName: null, password: null });
});

test('the value of basic credentials cannot be read', () => {
  for (const json of [
    null,
    'null',
    '""',
    '[]',
    '{"userName":{}}',
    '{"userName":["a"]}',
    '{"username":"a"}',
  ]) {
    assert.equal(readStoredBasic(json), undefined, String(json));
  }
});
