import { gzipSync } from 'node:zlib';
import { replaced, type Spoil } from './spoil.ts';
import { bytesOf, headOf, type Pieces, type RawRequest } from './wire.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** Adds header lines before the others. */
const withLines =
  (...lines: string[]) =>
  (request: RawRequest): Pieces | undefined => {
    const bytes = replaced(
      bytesOf(request),
      'host: thingpass.test\r\n',
      `host: thingpass.test\r\n${lines.map((line) => `${line}\r\n`).join('')}`,
    );
    return bytes && [bytes];
  };

const withLine = (line: string) => withLines(line);

const inFirstLine =
  (change: (method: string, target: string) => string) =>
  (request: RawRequest): Pieces | undefined => {
    const { method, target } = request;
    const bytes = replaced(bytesOf(request), `${method} ${target} HTTP/1.1`, change(method, target));
    return bytes && [bytes];
  };

/** The length as somebody else counts it; nothing for requests without a body. */
const withLength =
  (text: (length: number) => string) =>
  (request: RawRequest): Pieces | undefined => {
    const length = request.body.length;
    const bytes = replaced(bytesOf(request), `content-length: ${length}\r\n`, `${text(length)}\r\n`);
    return length === 0 ? undefined : bytes && [bytes];
  };

/** A chunked body, as `write` puts it. */
const chunked =
  (write: (body: Buffer) => (Buffer | string)[], coding = 'chunked') =>
  (request: RawRequest): Pieces | undefined => {
    if (request.body.length === 0) return undefined;
    const head = headOf(request, [...request.headers, ['transfer-encoding', coding]]);
    return [Buffer.concat([head, ...write(request.body).map((part) => Buffer.from(part))])];
  };

const hex = (body: Buffer): string => body.length.toString(16);

/** Nobody gets in with these. */
const REFUSED: Readonly<Record<string, Spoil['pieces']>> = {
  'content-length and transfer-encoding': (request) =>
    request.body.length === 0
      ? undefined
      : [
          headOf(request, [
            ...request.headers,
            ['content-length', String(request.body.length)],
            ['transfer-encoding', 'chunked'],
          ]),
          request.body,
        ],
  'transfer-encoding before content-length, body chunked': (request) =>
    request.body.length === 0
      ? undefined
      : [
          headOf(request, [
            ...request.headers,
            ['transfer-encoding', 'chunked'],
            ['content-length', String(request.body.length)],
          ]),
          Buffer.concat([
            Buffer.from(`${hex(request.body)}\r\n`),
            request.body,
            Buffer.from('\r\n0\r\n\r\n'),
          ]),
        ],
  'two lengths': withLength((length) => `content-length: ${length}\r\ncontent-length: ${length + 1}`),
  'a list of lengths': withLength((length) => `content-length: ${length}, ${length}`),
  'a negative length': withLength((length) => `content-length: -${length}`),
  'a length with a sign': withLength((length) => `content-length: +${length}`),
  'a hexadecimal length': withLength((length) => `content-length: 0x${length.toString(16)}`),
  'a length beyond all numbers': withLength(() => `content-length: ${'9'.repeat(40)}`),
  'an empty length': withLength(() => 'content-length:'),
  'a length with a space in it': withLength((length) => `content-length: ${length} ${length}`),
  'a space before the colon': withLength((length) => `content-length : ${length}`),
  'a header without a colon': withLine('nothing'),
  'a header without a name': withLine(': nothing'),
  'a NUL in a header': withLine('x-nul: a\0b'),
  'a NUL in a header’s name': withLine('x-n\0ul: a'),
  'a line break in a header': withLine('x-break: a\rb'),
  'headers over every limit': withLine(`x-long: ${'x'.repeat(200 * KIBIBYTE)}`),
  'a target over every limit': inFirstLine((method, target) => {
    const join = target.includes('?') ? '&' : '?';
    return `${method} ${target}${join}x=${'x'.repeat(200 * KIBIBYTE)} HTTP/1.1`;
  }),
  'more headers than are kept': withLines(...Array.from({ length: 5_000 }, (_, index) => `x-${index}: 1`)),
  'no host': (request) => {
    const bytes = replaced(bytesOf(request), 'host: thingpass.test\r\n', '');
    return bytes && [bytes];
  },
  'a chunk size that is none': chunked((body) => ['zz\r\n', body, '\r\n0\r\n\r\n']),
  'a negative chunk size': chunked((body) => [`-${hex(body)}\r\n`, body, '\r\n0\r\n\r\n']),
  'a chunk size beyond all numbers': chunked((body) => ['FFFFFFFFFFFFFFFFF\r\n', body, '\r\n0\r\n\r\n']),
  'a chunk longer than it says': chunked((body) => ['1\r\n', body, '\r\n0\r\n\r\n']),
  'chunks without an end': chunked((body) => [`${hex(body)}\r\n`, body, '\r\n']),
  'a chunk that is cut': chunked((body) => [
    `${(body.length + 100).toString(16)}\r\n`,
    body,
    '\r\n0\r\n\r\n',
  ]),
  'chunks that are not the last coding': chunked(
    (body) => [`${hex(body)}\r\n`, body, '\r\n0\r\n\r\n'],
    'chunked, identity',
  ),
  'an unknown coding': chunked((body) => [body], 'xchunked'),
  'chunked twice': chunked((body) => [`${hex(body)}\r\n`, body, '\r\n0\r\n\r\n'], 'chunked, chunked'),
  'a chunk extension over every limit': chunked((body) => [
    `${hex(body)};x=${'x'.repeat(100 * KIBIBYTE)}\r\n`,
    body,
    '\r\n0\r\n\r\n',
  ]),
  // Over the limits the server may end the connection before everything is written, and its answer is lost then.
  'a body over the limit': chunked((body) => [
    `${(body.length + 2 * MEBIBYTE).toString(16)}\r\n`,
    ...[' '.repeat(2 * MEBIBYTE), body, '\r\n0\r\n\r\n'],
  ]),
  'a body without an end': chunked(() => Array(48).fill(`10000\r\n${' '.repeat(64 * KIBIBYTE)}\r\n`)),
  'a length over the limit': withLength(() => 'content-length: 9000000000'),
  'a body that is gzip': (request) => {
    if (request.body.length === 0) return undefined;
    const body = gzipSync(request.body);
    return [bytesOf({ ...request, body, headers: [...request.headers, ['content-encoding', 'gzip']] })];
  },
  'the secret in a trailer': (request) => {
    const secret = request.headers.find(([name]) => name === 'x-thingpass-secret')?.[1];
    if (secret === undefined || request.body.length === 0) return undefined;
    const headers = request.headers.filter(([name]) => name !== 'x-thingpass-secret');
    const head = headOf(request, [...headers, ['transfer-encoding', 'chunked']]);
    const end = `\r\n0\r\nx-thingpass-secret: ${secret}\r\n\r\n`;
    return [Buffer.concat([head, Buffer.from(`${hex(request.body)}\r\n`), request.body, Buffer.from(end)])];
  },
  'the secret twice, once wrong': withLine('x-thingpass-secret: not-the-secret-at-all'),
  'HTTP/1.9': inFirstLine((method, target) => `${method} ${target} HTTP/1.9`),
  'a version with three parts': inFirstLine((method, target) => `${method} ${target} HTTP/1.1.1`),
  'another protocol': inFirstLine((method, target) => `${method} ${target} MQTT/1.1`),
  'a method in lower case': inFirstLine((method, target) => `${method.toLowerCase()} ${target} HTTP/1.1`),
  'a method nobody knows': inFirstLine((_, target) => `ASK ${target} HTTP/1.1`),
  ...Object.fromEntries(
    ['DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'].map((method) => [
      `the method ${method}`,
      inFirstLine((_, target) => `${method} ${target} HTTP/1.1`),
    ]),
  ),
  'the method CONNECT': inFirstLine(() => 'CONNECT thingpass.test:443 HTTP/1.1'),
  'the target *': inFirstLine((method) => `${method} * HTTP/1.1`),
  'a target without a slash': inFirstLine((method, target) => `${method} ${target.slice(1)} HTTP/1.1`),
  'a space in the target': inFirstLine((method, target) => `${method} ${target} x HTTP/1.1`),
  'a NUL in the target': inFirstLine((method, target) => `${method} ${target}\0 HTTP/1.1`),
  'half an escape in the target': inFirstLine(
    (method, target) => `${method} ${target.replace(/(?=\?|$)/, '%')} HTTP/1.1`,
  ),
  'an escape that is no UTF-8 in the target': inFirstLine(
    (method, target) => `${method} ${target.replace(/(?=\?|$)/, '%ff')} HTTP/1.1`,
  ),
  'a path that leads out and back': inFirstLine((method, target) => `${method} /docs/..${target} HTTP/1.1`),
  'a preface of PROXY protocol': (request) => ['PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n', bytesOf(request)],
  'a preface of HTTP/2': (request) => ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', bytesOf(request)],
  'a TLS hello': (request) => [Buffer.from('16030100c8010000c40303', 'hex'), bytesOf(request)],
  'an MQTT CONNECT': (request) => [
    Buffer.from('101000044d5154540402003c000474657374', 'hex'),
    bytesOf(request),
  ],
};

/** These may be put up with, or not; strangers stay outside. */
const PUT_UP_WITH: Readonly<Record<string, Spoil['pieces']>> = {
  'HTTP/0.9': inFirstLine((method, target) => `${method} ${target}`),
  'HTTP/2.0': inFirstLine((method, target) => `${method} ${target} HTTP/2.0`),
  'HTTP/1.0': inFirstLine((method, target) => `${method} ${target} HTTP/1.0`),
  'an absolute target': inFirstLine((method, target) => `${method} http://thingpass.test${target} HTTP/1.1`),
  'an absolute target of somebody else': inFirstLine(
    (method, target) => `${method} http://user:password@elsewhere.test:99${target} HTTP/1.1`,
  ),
  'two slashes': inFirstLine((method, target) => `${method} /${target} HTTP/1.1`),
  'a slash at the end': inFirstLine((method, target) => `${method} ${target}/ HTTP/1.1`),
  'an escaped letter in the path': inFirstLine(
    (method, target) =>
      `${method} ${target.replace(/^\/(.)/, (_, letter) => `/%${Buffer.from(letter).toString('hex')}`)} HTTP/1.1`,
  ),
  'a path in upper case': inFirstLine((method, target) => `${method} ${target.toUpperCase()} HTTP/1.1`),
  'a fragment': inFirstLine((method, target) => `${method} ${target}#here HTTP/1.1`),
  'an empty query': inFirstLine((method, target) => `${method} ${target}? HTTP/1.1`),
  'line feeds alone': (request) => [
    Buffer.concat([
      Buffer.from(headOf(request, request.headers).toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
      request.body,
    ]),
  ],
  'a folded header': withLine('x-folded: a\r\n b'),
  'a folded length': withLength((length) => `content-length:\r\n ${length}`),
  'line breaks before the request': (request) => ['\r\n\r\n', bytesOf(request)],
  'every header twice': (request) => [
    bytesOf({ ...request, headers: request.headers.flatMap((header) => [header, header]) }),
  ],
  'the host twice': withLine('host: elsewhere.test'),
  'a thousand headers': withLines(...Array.from({ length: 1_000 }, (_, index) => `x-${index}: 1`)),
  'headers of 100 KiB': withLine(`x-long: ${'x'.repeat(100 * KIBIBYTE)}`),
  'an upgrade': withLines('connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'),
  'an upgrade to HTTP/2': withLines(
    'connection: upgrade, http2-settings',
    'upgrade: h2c',
    'http2-settings: AAMAAABk',
  ),
  'a wish to go on': withLine('expect: 100-continue'),
  'another wish': withLine('expect: the-best'),
  'a body that says gzip and is none': withLine('content-encoding: gzip'),
  'the coding gzip': chunked((body) => [`${hex(body)}\r\n`, body, '\r\n0\r\n\r\n'], 'gzip, chunked'),
  'a byte a chunk': chunked((body) => [
    ...[...body].map((byte) => Buffer.from([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a])),
    '0\r\n\r\n',
  ]),
  'a method of the client’s choice': withLines('x-http-method-override: GET', 'x-method-override: DELETE'),
  'an address of the client’s choice': withLines('x-forwarded-for: 127.0.0.1', 'forwarded: for=127.0.0.1'),
  'a byte at a time': (request) => [...bytesOf(request)].map((byte) => Buffer.from([byte])),
};

const spoils = (pieces: Readonly<Record<string, Spoil['pieces']>>, refused: boolean): Spoil[] =>
  Object.entries(pieces).map(([name, make]) => ({ name, refused, isHttp: true, pieces: make }));

/** Ways to write HTTP that no client of a broker has. */
export const HTTP_SPOILS: readonly Spoil[] = [...spoils(REFUSED, true), ...spoils(PUT_UP_WITH, false)];
