import fc from 'fast-check';
import type { WebhookRequest } from '../../src/brokers/dialect.ts';

const PIECES = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '\\u0000', '\\ud800', 'null', '1', '-0', '1e999', '__proto__'],
  ...[
    '=',
    '&',
    '%',
    '%00',
    '%FF',
    '%zz',
    '+',
    '?',
    '#',
    '\0',
    '\r\n',
    '\ufeff',
    'é',
    '💥',
    ' ',
    '/',
    '$share/',
  ],
];

/** Requests as no broker sends them: random bytes, and random sentences of both grammars with these field names. */
export function hostileRequests(names: readonly string[]): fc.Arbitrary<WebhookRequest> {
  const words = fc
    .array(fc.constantFrom(...PIECES, ...names), { maxLength: 40 })
    .map((some) => some.join(''));
  const quoted = fc
    .dictionary(fc.constantFrom(...names), fc.jsonValue())
    .map((value) => JSON.stringify(value));
  const pairs = fc
    .array(fc.tuple(fc.constantFrom(...names), fc.oneof(words, fc.constantFrom('1', '2', '4'))), {
      maxLength: 8,
    })
    .map((some) => some.map(([name, value]) => `${name}=${value}`).join('&'));
  const text = fc.oneof(words, quoted, pairs);
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    text.map((it) => Buffer.from(it, 'utf8')),
    text.map((it) => Buffer.from(it, 'latin1')),
  );
  const contentType = fc.constantFrom(
    undefined,
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data; boundary=x',
    ';',
  );
  const authorization = fc.constantFrom(
    undefined,
    'Basic !!',
    'Bearer',
    'Bearer ',
    'bearer \xff\xfe',
    'Bearer a b',
  );
  return fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    query: text,
    headers: fc
      .tuple(contentType, authorization)
      .map(([type, who]) => ({ 'content-type': type, authorization: who })),
    body,
  });
}
