import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Decider } from '../../src/engine/deciding/decider.ts';
import { closeApp } from '../../src/server/stopping.ts';
import { bytesOf, readReplies } from '../end-to-end/abuse/support/wire.ts';
import { jsonRequest } from '../end-to-end/support/kept-connection.ts';
import { ALLOW } from '../support/decisions.ts';
import { buildWebhooks } from '../support/server.ts';

const REQUEST = bytesOf(jsonRequest('/v1/connect', { username: 'u' }));

/** A connection, and what came over it. */
class Client {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  readonly ended: Promise<void>;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    this.ended = new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  get replies() {
    return readReplies(this.#received).replies;
  }

  async send(bytes: Buffer): Promise<void> {
    if (this.#socket.connecting) await once(this.#socket, 'connect');
    this.#socket.write(bytes);
  }

  async ask(): Promise<void> {
    const before = this.replies.length;
    await this.send(REQUEST);
    while (this.replies.length === before) await once(this.#socket, 'data');
  }
}

async function start(t: TestContext, decider: Decider) {
  const { app } = await buildWebhooks(decider);
  t.after(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return { app, open: () => new Client(port) };
}

test('who asks after the stop began is answered and told to go, and nobody is waited for who says nothing', async (t) => {
  const { app, open } = await start(t, { decide: () => ALLOW });
  const [idle, busy, unused, inHead, inBody] = Array.from({ length: 5 }, open) as [
    ...[Client, Client, Client, Client, Client],
  ];
  await idle.ask();
  await busy.ask();
  await inHead.send(REQUEST.subarray(0, 10));
  await inBody.send(REQUEST.subarray(0, -1));
  const closed = closeApp(app, () => false);
  await busy.ask();
  const late = open();
  await late.ask();
  await closed;
  await Promise.all([idle, busy, unused, inHead, inBody, late].map(({ ended }) => ended));
  const told = (client: Client) => client.replies.map(({ headers }) => headers.get('connection'));
  assert.deepEqual(told(idle), ['keep-alive']);
  assert.deepEqual(told(busy), ['keep-alive', 'close']);
  assert.deepEqual(told(late), ['close'], 'one that came after the stop began');
  for (const client of [unused, inHead, inBody]) assert.equal(client.replies.length, 0);
});

test('a request that came whole is answered, however long that takes', async (t) => {
  const decisions = new EventEmitter();
  const { app, open } = await start(t, {
    decide: () => {
      decisions.emit('asked');
      return once(decisions, 'decided').then(() => ALLOW);
    },
  });
  const client = open();
  const asked = once(decisions, 'asked');
  await client.send(REQUEST);
  await asked;
  let answering = true;
  let looks = 0;
  const closed = closeApp(app, () => {
    // By then a request that had not come whole would have been cut long ago.
    if (++looks === 40) {
      decisions.emit('decided');
      setImmediate(() => {
        answering = false;
      });
    }
    return answering;
  });
  await closed;
  await client.ended;
  assert.deepEqual(
    client.replies.map(({ status }) => status),
    [200],
  );
});

test('an app that never listened is closed at once', async (t) => {
  const { app } = await buildWebhooks({ decide: () => ALLOW });
  t.after(() => app.close());
  await app.ready();
  await closeApp(app, () => true);
});
