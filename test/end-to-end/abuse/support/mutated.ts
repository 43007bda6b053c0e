import fc from 'fast-check';

/** What means something in HTTP, JSON, forms, paths or text. */
const TOKENS = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    ';',
    '=',
    '&',
    '%',
    '%00',
    '?',
    '#',
    '/',
    '//',
    '/../',
    '..',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    '\\u0000',
    '\\ud800',
    'null',
    'true',
    '-1',
    '1e999',
    '[]',
    '{}',
    '__proto__',
  ],
  ...[
    'content-length: 0\r\n',
    'content-length: 5\r\n',
    'transfer-encoding: chunked\r\n',
    'expect: 100-continue\r\n',
  ],
  ...[
    'connection: close\r\n',
    'upgrade: h2c\r\n',
    'HTTP/1.0',
    'HTTP/1.1\r\n\r\n',
    '0\r\n\r\n',
    '\r\n\r\n',
    'GET / ',
  ],
  ...['\xff', '\xc0\x80', '\xed\xa0\x80', '\xef\xbb\xbf', '\ufeff', 'x'.repeat(5_000), '9'.repeat(30)],
];

type Change = (bytes: Buffer) => Buffer;

/** Somewhere in the bytes, as a fraction of their length. */
const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (bytes: Buffer, where: number): number => Math.floor(where * bytes.length);
const length = fc.integer({ min: 1, max: 60 });

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...TOKENS)).map(
    ([where, token]): Change =>
      (bytes) => {
        const index = at(bytes, where);
        return Buffer.concat([bytes.subarray(0, index), Buffer.from(token, 'latin1'), bytes.subarray(index)]);
      },
  ),
  fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(
    ([where, byte]): Change =>
      (bytes) => {
        const changed = Buffer.from(bytes);
        if (changed.length > 0) changed[Math.min(at(bytes, where), changed.length - 1)] = byte;
        return changed;
      },
  ),
  fc.tuple(place, length).map(
    ([where, count]): Change =>
      (bytes) => {
        const index = at(bytes, where);
        return Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + count)]);
      },
  ),
  fc.tuple(place, length).map(
    ([where, count]): Change =>
      (bytes) => {
        const index = at(bytes, where);
        return Buffer.concat([bytes.subarray(0, index + count), bytes.subarray(index)]);
      },
  ),
  place.map(
    (where): Change =>
      (bytes) =>
        bytes.subarray(0, at(bytes, where)),
  ),
);

/** Up to four changes: something put in, overwritten, taken out or doubled, or the end cut off. */
export const mutated: fc.Arbitrary<Change> = fc
  .array(change, { minLength: 1, maxLength: 4 })
  .map((changes) => (bytes) => changes.reduce((changed, next) => next(changed), bytes));
