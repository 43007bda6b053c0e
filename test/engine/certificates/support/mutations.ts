import fc from 'fast-check';

/** Arbitrary changes of header lines, as a hostile client or a careless proxy would make them. */

type Edit = (text: string) => string;

export const place = fc.nat(100_000);
const character = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const telling = fc.constantFrom(
  ...[
    '',
    ' ',
    '%',
    '%00',
    '+',
    '=',
    ':',
    ',',
    ';',
    '"',
    '\\',
    '-',
    '(null)',
    '::',
    'SUCCESS',
    'NONE',
    '0',
    'FAILED:x',
  ],
  ...[
    '-----BEGIN CERTIFICATE-----',
    '-----END CERTIFICATE-----',
    '\n',
    'Cert=',
    'Hash=',
    '{',
    '}',
    '\u0000',
    '\u00ff',
  ],
);
export const piece = fc.oneof(character, telling);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, piece).map(
    ([at, text]): Edit =>
      (value) =>
        splice(value, at, 1, text),
  ),
  fc.tuple(place, piece).map(
    ([at, text]): Edit =>
      (value) =>
        splice(value, at, 0, text),
  ),
  fc.tuple(place, fc.nat(80)).map(
    ([at, length]): Edit =>
      (value) =>
        splice(value, at, length, ''),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Edit =>
      (value) =>
        value.slice(from % (value.length + 1), to % (value.length + 1)),
  ),
  fc.tuple(place, fc.nat(80)).map(
    ([at, length]): Edit =>
      (value) =>
        value + value.slice(at % (value.length + 1)).slice(0, length),
  ),
  piece.map(
    (text): Edit =>
      () =>
        text,
  ),
  fc.constant<Edit>((value) => value + value),
  fc.constant<Edit>((value) => value.toLowerCase()),
  fc.constant<Edit>((value) => value.replaceAll('+', ' ')),
  fc.constant<Edit>((value) => encodeURIComponent(value)),
);

function splice(value: string, at: number, length: number, text: string): string {
  const start = at % (value.length + 1);
  return value.slice(0, start) + text + value.slice(start + length);
}

export type Change = (headers: readonly string[], other: readonly string[]) => string[];

/** On header lines: names and values in turn. Values are changed most. */
export const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(place, edit).map(
      ([at, one]): Change =>
        (headers) =>
          changed(headers, at * 2 + 1, one),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, edit).map(
      ([at, one]): Change =>
        (headers) =>
          changed(headers, at * 2, one),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Change =>
        (headers) => [...headers, ...lineAt(headers, at)],
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Change =>
        (headers, other) => [...headers, ...lineAt(other, at)],
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Change =>
        (headers) => {
          const line = lineStart(headers, at);
          return headers.filter((_text, index) => index !== line && index !== line + 1);
        },
    ),
  },
);

function changed(headers: readonly string[], at: number, one: Edit): string[] {
  return headers.map((text, index) => (index === at % headers.length ? one(text) : text));
}

function lineStart(headers: readonly string[], at: number): number {
  return (at * 2) % headers.length;
}

function lineAt(headers: readonly string[], at: number): readonly string[] {
  return headers.slice(lineStart(headers, at), lineStart(headers, at) + 2);
}
