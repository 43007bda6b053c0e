import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { eventually } from '../../storage/support/eventually.ts';
import { type BesiegedServer, startBesieged } from './support/besieged-server.ts';
import { bytesOf, type RawReply, type RawRequest, readReplies } from './support/wire.ts';

/* Many requests on one connection, before the first is answered: each gets its own answer, in turn. */

let server: BesiegedServer;
before(async () => {
  server = await startBesieged();
});
after(() => server?.stop());

/** Writes all at once and waits for so many replies. */
async function pipeline(requests: readonly RawRequest[]): Promise<readonly RawReply[]> {
  const socket = connect(server.port, '127.0.0.1');
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  socket.write(Buffer.concat(requests.map(bytesOf)));
  try {
    await eventually(async () => {
      const { length } = readReplies(received).replies;
      assert.ok(length >= requests.length, `${length} replies`);
    }, 30_000);
    // Whatever else is an answer to a request that nobody sent.
    await new Promise((later) => setTimeout(later, 50));
    const { replies, rest } = readReplies(received);
    assert.equal(rest, '');
    return replies;
  } finally {
    socket.destroy();
  }
}

test('of a hundred requests at once, those of strangers are refused and the others are not', async () => {
  const { welcome } = server;
  const unknown = { ...welcome, body: Buffer.from('{"username":"token-that-nobody-has"}') };
  const unproven = { ...welcome, headers: [['content-type', 'application/json']] as const };
  const kinds = [welcome, unknown, unproven, { ...unknown, target: '/no/such/path' }];
  const expected = [200, 403, 403, 404];
  const replies = await pipeline(Array.from({ length: 100 }, (_, index) => kinds[index % 4] as RawRequest));
  assert.deepEqual(
    replies.map(({ status }) => status),
    Array.from({ length: 100 }, (_, index) => expected[index % 4]),
  );
});

test('a request in the body of another is none, whoever refuses that before reading it', async () => {
  const { welcome } = server;
  const inside = bytesOf(welcome);
  const unproven = { ...welcome, headers: [['content-type', 'application/json']] as const, body: inside };
  const replies = await pipeline([
    unproven,
    { ...unproven, target: '/no/such/path' },
    { ...unproven, target: '/api/v1/devices' },
    { ...unproven, target: '/livez', method: 'GET' },
    { ...welcome, body: inside },
    welcome,
  ]);
  assert.deepEqual(
    replies.map(({ status }) => status),
    [403, 404, 401, 200, 400, 200],
  );
});
