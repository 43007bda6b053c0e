import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../storage/support/eventually.ts';
import { Installation } from '../support/process.ts';
import { bytesOf } from './abuse/support/wire.ts';
import { jsonRequest, KeptConnection } from './support/kept-connection.ts';

/* A process that is told to stop, with every kind of connection that brokers and networks leave open. */

const REQUEST = jsonRequest('/v1/connect', { username: 'nobody' });
const EACH = 8;
/** Who asks nothing for so long may be taken for somebody who idles, whom nobody can tell anything. */
const IDLE_MS = 100;

interface Busy {
  readonly answered: number;
  /** The last answer said that the connection ends with it. */
  readonly told: boolean;
  /** From the last answer to the next request. */
  readonly pauseMs: number;
}

/** Asks without a pause until it is told that the connection ends, or the connection ends without a word. */
async function askOn(connection: KeptConnection): Promise<Busy> {
  let answeredAt = performance.now();
  for (let answered = 0; ; answered++) {
    const pauseMs = performance.now() - answeredAt;
    try {
      const { headers } = await connection.ask(REQUEST);
      answeredAt = performance.now();
      if (headers.get('connection') === 'close') return { answered, told: true, pauseMs };
    } catch {
      return { answered, told: false, pauseMs };
    }
    // A broker reads its other sockets in between.
    await new Promise(setImmediate);
  }
}

async function openSocket(port: number, bytes: Uint8Array = new Uint8Array()): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

for (const workers of [1, 2]) {
  test(`a server of ${workers} stops at once, whoever is connected, and drops no request of those who ask`, async () => {
    const server = await new Installation({ THINGPASS_WORKERS: String(workers) }).serve();
    const kept = await KeptConnection.openAll(server.port, 2 * EACH);
    await Promise.all(kept.map((connection) => connection.ask(REQUEST)));
    const bytes = bytesOf(REQUEST);
    const silent = await Promise.all(
      [new Uint8Array(), bytes.subarray(0, 20), bytes.subarray(0, -1)].flatMap((start) =>
        Array.from({ length: EACH }, () => openSocket(server.port, start)),
      ),
    );
    const ended = silent.map((socket) => once(socket, 'close'));
    const asking = kept.slice(0, EACH).map(askOn);
    const fresh = await KeptConnection.open(server.port);
    await fresh.ask(REQUEST);
    const since = performance.now();
    const exited = server.stop();
    const busy = await Promise.all(asking);
    assert.equal(await exited, 0);
    const tookMs = performance.now() - since;
    await Promise.all(ended);
    const answered = busy.reduce((sum, one) => sum + one.answered, 0);
    console.log(`${workers}: stopped within ${tookMs.toFixed(0)} ms; ${answered} requests were answered`);
    assert.deepEqual(
      busy.filter(({ told, pauseMs }) => !told && pauseMs < IDLE_MS),
      [],
    );
    // The longest that anybody would be waited for is ten seconds.
    assert.ok(tookMs < 5_000, `it took ${tookMs} ms`);
    await eventually(async () => assert.match(server.output, /"stopped"/), 5_000);
  });
}
