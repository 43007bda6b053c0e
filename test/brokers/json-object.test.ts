import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Fields } from '../../src/brokers/fields.ts';
import { parseJsonObject } from '../../src/brokers/json-object.ts';
import { MAX_FIELDS } from '../../src/brokers/urlencoded.ts';
import { assertRefused, JSON_TYPE, readPosted } from '../support/posted-fields.ts';

describe('a JSON object', () => {
  it('gives texts, whole numbers and booleans as text, and leaves null out', () => {
    const fields = readPosted(
      '{"a":"1","b":1,"c":true,"d":null,"e":"", "f" :\t-7 ,"g":9007199254740991,"7":0}',
      JSON_TYPE,
    );
    const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', '7'].map((name) => fields.text(name));
    assert.deepEqual(texts, ['1', '1', 'true', undefined, '', '-7', '9007199254740991', '0']);
    assert.equal(fields.filled('e'), undefined);
    assert.equal(fields.bytes('d'), undefined);
  });

  it('is the same by the short way, which blanks in front close', () => {
    const character = fc.constantFrom(...'"{}:,[] a1\\/\u007fé\n');
    const text = fc.string({ unit: character, maxLength: 6 });
    const plain = fc.string({ unit: fc.constantFrom(...'{}:,[] a1/'), maxLength: 4 });
    const member = fc.tuple(fc.oneof(plain, text), fc.oneof(plain, text, fc.integer(), fc.constant(null)));
    const written = fc
      .array(member, { maxLength: 4 })
      .map(
        (members) => `{${members.map((pair) => pair.map((part) => JSON.stringify(part)).join(':')).join()}}`,
      );
    const damaged = fc
      .tuple(written, fc.nat(60), character)
      .map(([body, at, one]) => body.slice(0, at) + one + body.slice(at + 1));
    const outcome = (body: string): unknown => {
      try {
        return meaning(parseJsonObject(Buffer.from(body)));
      } catch (error) {
        return (error as Error).message;
      }
    };
    fc.assert(
      fc.property(fc.oneof(written, damaged), (body) =>
        assert.deepEqual(outcome(body), outcome(`\n${body}`)),
      ),
      { numRuns: 5_000 },
    );
  });

  it('never makes one text of two numbers: 2^53 and one more would be the same token', () => {
    const tooLong = ['9007199254740993', '12345678901234567890', '1e400'];
    // Both of the first are 1 to JSON.parse.
    const rounded = ['0.99999999999999999999', '1.0', '1e0', '10E-1', '1.5', '-1e-7', '-0', '-0.0'];
    for (const number of [...tooLong, ...rounded]) {
      assertRefused(
        () => readPosted(`{"a":"x","\\u0075sername": ${number} }`).text('username'),
        /is not a text$/,
      );
      assertRefused(
        () => readPosted(`{"username":${number}}`).text('username'),
        /^field username is not a text$/,
      );
    }
  });

  it('does not read objects and arrays as text', () => {
    for (const value of ['{}', '[]', '["x"]', '{"text":"x"}']) {
      assertRefused(() => readPosted(`{"username":${value}}`).text('username'), /username is not a text/);
      assert.equal(readPosted(`{"username":${value},"password":"p"}`).text('password'), 'p');
    }
  });

  it('is refused where a member that is read is repeated, whatever the repetition looks like', () => {
    for (const body of [
      '{"username":"a","username":"b"}',
      '{"username":"a","username":"a"}',
      '{"username":"a","\\u0075sername":"b"}',
      '{"\\u0075sername":"a","username":"b"}',
      '{"username":null,"username":"b"}',
      '{"username":"b","username":null}',
      '{"username":{"username":"x"},"username":"b"}',
      '{"username":"a\\\\","username":"b"}',
      '{"x":"\\"}","username":"a","y":[{"z":1},"]"],"username":"b"}',
      ' {\n"username"\t:"a" , "username" :"b"}',
      '{"user":"a","username":"b"}',
    ]) {
      assertRefused(() => readPosted(body).text(['username', 'user']), /^field username is repeated$/);
    }
  });

  it('is not refused for what only looks like a repetition', () => {
    for (const body of [
      '{"username":"a","x":{"username":"b"}}',
      '{"username":"a","x":[{"username":"b"},{"username":"c"}]}',
      '{"username":"a","x":"\\",\\"username\\":\\"b"}',
      '{"username":"a","x":"username","X":"username"}',
      '{"username":"a","Username":"b","x":1,"x":2}',
    ]) {
      assert.equal(readPosted(body).text('username'), 'a');
    }
  });

  it('finds every repetition that a written object has, and reads it otherwise like JSON.parse', () => {
    const name = fc.constantFrom('a', 'b', 'é', '"', '\\', '__proto__', 'constructor', '');
    const members = fc.array(fc.tuple(name, fc.boolean(), fc.jsonValue({ maxDepth: 2 })), { maxLength: 6 });
    fc.assert(
      fc.property(members, (written) => {
        const texts = written.map(
          ([one, escaped, value]) =>
            `${escaped ? escapedName(one) : JSON.stringify(one)} : ${JSON.stringify(value)}`,
        );
        const fields = parseJsonObject(Buffer.from(`{${texts.join(',')}}`));
        for (const [one, , value] of written) {
          const times = written.filter(([other]) => other === one).length;
          if (times > 1) assertRefused(() => fields.get(one), /is repeated$/);
          else if (value === null) assert.equal(fields.get(one), undefined);
          else if (typeof value === 'string') assert.equal(fields.get(one), value);
          else assert.notEqual(fields.get(one), undefined);
        }
      }),
    );
  });

  it('holds names that mean something to JavaScript like any other', () => {
    const fields = readPosted('{"__proto__":"p","constructor":"c","toString":"t","username":"u"}');
    assert.deepEqual([...fields.names()], ['__proto__', 'constructor', 'toString', 'username']);
    assert.equal(fields.text('__proto__'), 'p');
    assert.equal(readPosted('{"username":"u"}').text('constructor'), undefined);
    assert.equal(readPosted('{"__proto__":{"username":"admin"}}').text('username'), undefined);
  });

  it('is UTF-8 without a byte-order mark', () => {
    assertRefused(() => readPosted(Buffer.from('{"username":"\xe4"}', 'latin1')), /not UTF-8/);
    assertRefused(() => readPosted(Buffer.from('{"username":"x"}', 'utf16le')), /not JSON/);
    assertRefused(() => readPosted('\ufeff{"username":"x"}'), /neither a JSON object nor a form/);
  });

  it('may hold unpaired surrogates, which stay what they are', () => {
    assert.equal(readPosted('{"username":"\\ud800"}').text('username'), '\ud800');
    assertRefused(() => readPosted('{"username":"a","\\ud800":1,"\\ud800":2}').text('\ud800'), /repeated/);
  });

  it('may be nested as deep as a body is long, and have as many members as a template', () => {
    const deep = `{"x":${'['.repeat(500_000)}${']'.repeat(500_000)},"username":"u"}`;
    assert.equal(readPosted(deep).text('username'), 'u');
    const members = (count: number) =>
      `{${Array.from({ length: count }, (_, at) => `"m${at}":1`).join(',')}}`;
    assert.equal(readPosted(members(MAX_FIELDS)).names().length, MAX_FIELDS);
    assertRefused(() => readPosted(members(MAX_FIELDS + 1)), /too many fields/);
    assertRefused(() => readPosted(`{${'"a":1,'.repeat(300_000)}"a":1}`), /too many fields/);
  });
});

/** The name with its first character as an escape, as nobody writes it. */
function escapedName(name: string): string {
  if (name === '') return '""';
  const [first = '', ...rest] = name.split('');
  return `"\\u${first.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(rest.join('')).slice(1)}`;
}

/** What a reader finds under each name: the value, or that it is repeated. */
function meaning(fields: Fields): Map<string, unknown> {
  return new Map(
    [...new Set(fields.names())].sort().map((name) => {
      const times = fields.names().filter((other) => other === name).length;
      return [name, times > 1 ? 'repeated' : { value: fields.get(name) }];
    }),
  );
}
