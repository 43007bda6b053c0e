import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_FIELDS, parseForm } from '../../src/brokers/urlencoded.ts';
import { isThingPassError } from '../../src/model/errors.ts';
import { assertRefused, FORM, readPosted } from '../support/posted-fields.ts';

/** Percent-encodes every byte, as nobody does, so that any byte can be a value's. */
function encoded(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

describe('a form', () => {
  it('gives back the bytes of a value, whatever they are', () => {
    const fields = readPosted('password=%ff%00%80&username=bin', FORM);
    assert.equal(fields.text('password'), '\ufffd\0\ufffd');
    assert.deepEqual(fields.bytes('password'), Buffer.from([0xff, 0x00, 0x80]));
    assert.deepEqual(fields.bytes('username'), Buffer.from('bin'));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const fields = readPosted(`a=1&password=${encoded(bytes)}`, FORM);
        assert.deepEqual(fields.bytes('password'), Buffer.from(bytes));
        assert.equal(fields.text('password'), Buffer.from(bytes).toString('utf8'));
      }),
    );
  });

  it('reads what a URL library writes, and like one', () => {
    const pairs = fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })));
    fc.assert(
      fc.property(pairs, (written) => {
        // URLSearchParams writes unpaired surrogates as U+FFFD.
        const text = new URLSearchParams(written).toString();
        const wanted = new Map<string, string[]>();
        for (const [name, value] of new URLSearchParams(text)) {
          wanted.set(name, [...(wanted.get(name) ?? []), value]);
        }
        assert.deepEqual(textsOf(parseForm(Buffer.from(text))), wanted);
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', '=', '&', '%', '%4', '41', '+', '?', ';', '%C3%A9')),
        (parts) => {
          const text = parts.join('');
          const wanted = new Map<string, string[]>();
          for (const [name, value] of new URLSearchParams(`&${text}`)) {
            wanted.set(name, [...(wanted.get(name) ?? []), value]);
          }
          assert.deepEqual(textsOf(parseForm(Buffer.from(text))), wanted);
        },
      ),
    );
  });

  it('takes a percent sign that begins no escape for itself', () => {
    assert.equal(readPosted('password=100%&x=%zz%4', FORM).text('password'), '100%');
    assert.equal(readPosted('password=100%&x=%zz%4', FORM).text('x'), '%zz%4');
  });

  it('reads raw UTF-8, and blanks of both kinds', () => {
    const fields = readPosted('username=gerät+1%202&password=a=b=c', FORM);
    assert.equal(fields.text('username'), 'gerät 1 2');
    assert.equal(fields.text('password'), 'a=b=c');
    assert.deepEqual(
      readPosted(Buffer.from('username=\xe4', 'latin1'), FORM).bytes('username'),
      Buffer.from([0xe4]),
    );
  });

  it('knows a field without a value, and a byte-order mark as a part of what it stands in', () => {
    assert.equal(readPosted('username&password=', FORM).text('username'), '');
    assert.equal(readPosted('username=%EF%BB%BFx', FORM).text('username'), '\ufeffx');
  });

  it('is refused where a field that is read is repeated, in any spelling', () => {
    for (const body of [
      'username=a&username=b',
      'username=a&%75sername=a',
      'username&username=',
      'user=a&username=b',
    ]) {
      assertRefused(() => readPosted(body, FORM).text(['username', 'user']), /^field username is repeated$/);
    }
    assert.equal(readPosted('x=1&x=2&username=a', FORM).text('username'), 'a');
  });

  it('costs no more than its length', () => {
    const started = process.cpuUsage();
    for (const part of ['a&', '&', '%', 'a%', '=', 'a=&', '%3d']) {
      const body = Buffer.from(`=${part.repeat(2_000_000 / part.length)}`);
      try {
        readPosted(body, FORM);
      } catch (error) {
        assert.ok(isThingPassError(error, 'request_unreadable'));
      }
    }
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 2_000_000, `${user + system} µs`);
  });

  it('is refused when it has more fields than any template', () => {
    const fields = (count: number) => Array.from({ length: count }, (_, index) => `f${index}=1`).join('&');
    assert.equal(readPosted(fields(MAX_FIELDS), FORM).names().length, MAX_FIELDS);
    assertRefused(() => readPosted(fields(MAX_FIELDS + 1), FORM), /too many fields/);
    assertRefused(() => readPosted('a=&'.repeat(MAX_FIELDS + 1), FORM), /too many fields/);
  });
});

function textsOf(fields: ReturnType<typeof parseForm>): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const [at, name] of fields.names().entries()) {
    const value = fields.values()[at];
    assert.ok(typeof value === 'string' || (value !== undefined && 'text' in value));
    texts.set(name, [...(texts.get(name) ?? []), typeof value === 'string' ? value : value.text]);
  }
  return texts;
}
