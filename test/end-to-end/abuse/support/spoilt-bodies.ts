import type { Spoil } from './spoil.ts';
import { bytesOf, type Pieces, type RawRequest } from './wire.ts';

const MEBIBYTE = 1024 * 1024;

/** The members of a JSON object; undefined for bodies of another kind. */
function membersOf({ body }: RawRequest): Record<string, unknown> | undefined {
  return body[0] === 0x7b ? JSON.parse(body.toString()) : undefined;
}

const json =
  (change: (text: string) => string | Buffer) =>
  (request: RawRequest): Pieces | undefined =>
    membersOf(request) && [bytesOf({ ...request, body: Buffer.from(change(request.body.toString())) })];

const form =
  (change: (text: string) => string | Buffer) =>
  (request: RawRequest): Pieces | undefined => {
    const isForm = request.body.length > 0 && membersOf(request) === undefined;
    return isForm ? [bytesOf({ ...request, body: Buffer.from(change(request.body.toString())) })] : undefined;
  };

/** Every member's value as something else. */
const everyMember =
  (change: (value: unknown, name: string) => string) =>
  (request: RawRequest): Pieces | undefined => {
    const members = membersOf(request);
    if (members === undefined) return undefined;
    const pairs = Object.entries(members).map(
      ([name, value]) => `${JSON.stringify(name)}:${change(value, name)}`,
    );
    return [bytesOf({ ...request, body: Buffer.from(`{${pairs.join()}}`) })];
  };

const withType =
  (type: string) =>
  (request: RawRequest): Pieces | undefined => {
    if (request.body.length === 0) return undefined;
    const headers = request.headers.filter(([name]) => name !== 'content-type');
    return [bytesOf({ ...request, headers: [...headers, ['content-type', type]] })];
  };

const more = (member: string) => json((text) => `${text.slice(0, -1)},${member}}`);

/** Nobody gets in with these. */
const REFUSED: Readonly<Record<string, Spoil['pieces']>> = {
  'no body': (request) =>
    request.body.length === 0 ? undefined : [bytesOf({ ...request, body: Buffer.alloc(0) })],
  'half a JSON': json((text) => text.slice(0, text.length / 2)),
  'JSON without its end': json((text) => text.slice(0, -1)),
  'JSON with something behind it': json((text) => `${text}x`),
  'JSON twice': json((text) => text + text),
  'a list around it': json((text) => `[${text}]`),
  'a text around it': json((text) => JSON.stringify(text)),
  'an object around it': json((text) => `{"body":${text}}`),
  'the members as a prototype': json((text) => `{"__proto__":${text}}`),
  'the members as a constructor’s prototype': json((text) => `{"constructor":{"prototype":${text}}}`),
  'single quotes': json((text) => text.replaceAll('"', "'")),
  'a comment': json((text) => `/* */${text}`),
  'a comma too many': more(''),
  'UTF-16': json((text) => Buffer.from(text, 'utf16le')),
  'UTF-16 with its mark': json((text) => Buffer.from(`\ufeff${text}`, 'utf16le')),
  'a byte-order mark': json((text) => `\ufeff${text}`),
  'a byte that is no UTF-8': json((text) => Buffer.from(text.replace('":"', '":"\xff'), 'latin1')),
  'lists for values': everyMember((value) => JSON.stringify([value])),
  'objects for values': everyMember((value) => JSON.stringify({ value })),
  'null for values': everyMember(() => 'null'),
  'true for values': everyMember(() => 'true'),
  'huge numbers for values': everyMember(() => '1e999'),
  'many digits for values': everyMember(() => '9'.repeat(4_000)),
  'a minus for values': everyMember(() => '-0'),
  'lone surrogates behind values': everyMember(
    (value) => `${JSON.stringify(String(value)).slice(0, -1)}\\ud800"`,
  ),
  'NULs behind values': everyMember((value) => `${JSON.stringify(String(value)).slice(0, -1)}\\u0000"`),
  'spaces around values': everyMember((value) => JSON.stringify(` ${value} `)),
  'every member twice': json((text) => `{${text.slice(1, -1)},${text.slice(1)}`),
  'every member twice, once escaped': everyMember((value, name) => {
    const escaped = `\\u00${Buffer.from(name.slice(0, 1)).toString('hex')}${name.slice(1)}`;
    return `${JSON.stringify(value)},"${escaped}":${JSON.stringify(value)}`;
  }),
  'every field twice': form((text) => `${text}&${text}`),
  'every field twice, once escaped': form(
    (text) =>
      `${text}&${text.replace(/(^|&)(.)/g, (_, start, letter) => `${start}%${Buffer.from(letter).toString('hex')}`)}`,
  ),
  'fields with brackets': form((text) => text.replaceAll('=', '[]=')),
  'fields with NULs behind them': form((text) => text.replaceAll(/&|$/g, (end) => `%00${end}`)),
  'fields with bytes that are no UTF-8 behind them': form((text) =>
    text.replaceAll(/&|$/g, (end) => `%ff${end}`),
  ),
  'a form in JSON': form((text) => JSON.stringify(text)),
};

/** These may be put up with, or not; strangers stay outside. */
const PUT_UP_WITH: Readonly<Record<string, Spoil['pieces']>> = {
  'a deep list besides': more(`"x":${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  'deep objects besides': more(`"x":${'{"x":'.repeat(50_000)}1${'}'.repeat(50_000)}`),
  'a list without an end besides': more(`"x":${'['.repeat(100_000)}`),
  'prototypes besides': more('"__proto__":{"username":"x"},"constructor":{"prototype":{"username":"x"}}'),
  'ten thousand members': more(Array.from({ length: 10_000 }, (_, at) => `"x${at}":1`).join()),
  'the same member ten thousand times': more(Array.from({ length: 10_000 }, () => '"x":1').join()),
  'ten thousand fields': form((text) => `${text}${'&x=1'.repeat(10_000)}`),
  'a megabyte of ampersands': form((text) => `${'&'.repeat(MEBIBYTE)}${text}`),
  'a megabyte of escapes': form((text) => `${text}&x=${'%f'.repeat(MEBIBYTE / 2)}`),
  'a long text besides': more(`"x":"${'x'.repeat(MEBIBYTE)}"`),
  'a long number besides': more(`"x":${'1'.repeat(MEBIBYTE)}`),
  'a text of backslashes besides': more(`"x":"${'\\\\'.repeat(MEBIBYTE / 2)}"`),
  'white space around': json((text) => `${' \r\n\t'.repeat(1_000)}${text}${' '.repeat(1_000)}`),
  'escaped letters': everyMember((value) => {
    const text = String(value);
    return `"${[...Buffer.from(text, 'utf16le').swap16().toString('hex').matchAll(/.{4}/g)].map(([unit]) => `\\u${unit}`).join('')}"`;
  }),
  'a charset nobody has': withType('application/json; charset=utf-16'),
  'a list of types': withType('application/json, text/plain'),
  'plain text': withType('text/plain'),
  'several parts': withType('multipart/form-data; boundary=x'),
  'a type without an end': withType(`application/json; ${'x'.repeat(10_000)}`),
  'an empty type': withType(''),
  'a type that is none': withType(';;=,'),
};

const spoils = (pieces: Readonly<Record<string, Spoil['pieces']>>, refused: boolean): Spoil[] =>
  Object.entries(pieces).map(([name, make]) => ({ name, refused, isHttp: false, pieces: make }));

/** Bodies in good HTTP that no broker sends. */
export const BODY_SPOILS: readonly Spoil[] = [...spoils(REFUSED, true), ...spoils(PUT_UP_WITH, false)];
