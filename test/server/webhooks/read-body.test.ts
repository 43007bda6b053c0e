import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { readBody } from '../../../src/server/webhooks/read-body.ts';

const LIMIT = 200_000;

interface Reading {
  readonly socket: Socket;
  /** What was handed over, once it was: `undefined` for a body over the limit. */
  readonly body: Promise<Buffer | undefined>;
  readonly request: Promise<IncomingMessage>;
  /** How often something was handed over. */
  readonly times: () => number;
}

/** A connection to a server of Node's, which reads the body of its one request. */
async function begin(t: TestContext, whenAsked: () => Promise<void> | undefined): Promise<Reading> {
  const server = createServer();
  let times = 0;
  const request = once(server, 'request').then(([asked]) => asked as IncomingMessage);
  const body = new Promise<Buffer | undefined>((resolve) => {
    server.on('request', (asked: IncomingMessage, response) => {
      const read = (): void =>
        readBody(asked, LIMIT, (whole) => {
          times++;
          response.end();
          resolve(whole);
        });
      const first = whenAsked();
      if (first === undefined) read();
      else void first.then(read);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => {
    socket.destroy();
    server.close();
  });
  return { socket, body, request, times: () => times };
}

const HEAD = 'POST / HTTP/1.1\r\nhost: x\r\n';
const small = Buffer.from([0x00, 0xff, 0x0d, 0x0a, 0x80]);
const large = Buffer.alloc(LIMIT, 0xa5);
const withLength = (body: Buffer, head = HEAD) =>
  Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body]);
const chunked = (...chunks: readonly Buffer[]) =>
  Buffer.concat([
    Buffer.from(`${HEAD}transfer-encoding: chunked\r\n\r\n`),
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]),
  ]);
const END = Buffer.from('0\r\n\r\n');

const READ: Readonly<Record<string, readonly [bytes: Buffer, body: Buffer]>> = {
  'no body': [Buffer.from(`${HEAD}\r\n`), Buffer.alloc(0)],
  'an empty body': [withLength(Buffer.alloc(0)), Buffer.alloc(0)],
  'an empty body in chunks': [Buffer.concat([chunked(), END]), Buffer.alloc(0)],
  'a small body': [withLength(small), small],
  'the body of a GET': [withLength(small, HEAD.replace('POST', 'GET')), small],
  'a body in chunks': [Buffer.concat([chunked(small, small), END]), Buffer.concat([small, small])],
  'a body of the largest size': [withLength(large), large],
  'a body of the largest size in chunks': [Buffer.concat([chunked(large), END]), large],
};

for (const [what, [bytes, body]] of Object.entries(READ)) {
  for (const [when, whenAsked] of [
    ['at once', () => undefined],
    // As behind a hook that looks something up.
    ['later', () => new Promise<void>((later) => setImmediate(later))],
  ] as const) {
    test(`${what} is read ${when}, byte by byte as it came, and the stream ends`, async (t) => {
      const reading = await begin(t, whenAsked);
      reading.socket.write(bytes);
      assert.deepEqual(await reading.body, body);
      await finished(await reading.request);
      assert.equal(reading.times(), 1);
    });
  }
}

test('a body that comes in pieces is read to its end', async (t) => {
  const reading = await begin(t, () => undefined);
  const bytes = withLength(small);
  reading.socket.setNoDelay(true);
  for (const byte of bytes) {
    reading.socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.deepEqual(await reading.body, small);
  await finished(await reading.request);
});

const OVER: Readonly<Record<string, Buffer>> = {
  'a length over the limit': withLength(Buffer.alloc(LIMIT + 1)),
  'a length beyond all numbers': Buffer.from(`${HEAD}content-length: 99999999999999\r\n\r\n`),
  'chunks over the limit': Buffer.concat([chunked(large, small), END]),
  'chunks without an end': chunked(large, small),
};

for (const [what, bytes] of Object.entries(OVER)) {
  test(`${what} is told once, and nothing of it is kept`, async (t) => {
    const reading = await begin(t, () => undefined);
    reading.socket.write(bytes);
    assert.equal(await reading.body, undefined);
    assert.equal(reading.times(), 1);
    assert.equal((await reading.request).listenerCount('data'), 0);
  });
}

test('of a sender who goes away before the end nothing is told', async (t) => {
  const reading = await begin(t, () => undefined);
  reading.socket.write(withLength(small).subarray(0, -1));
  const request = await reading.request;
  const closed = new Promise((resolve) => request.once('close', resolve));
  reading.socket.destroy();
  await closed;
  assert.equal(reading.times(), 0);
});
