import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type BesiegedServer, startBesieged } from './support/besieged-server.ts';
import { bytesOf, exchange, headOf, type RawRequest, readReplies } from './support/wire.ts';

/* Clients that take their time, and many of them: they are sent away after a while, and nobody else notices them. */

/** A request must be whole within ten seconds; the rest is for a busy machine. */
const ENDED_BY_MS = 25_000;
const SILENT = process.env.THINGPASS_SOAK === '1' ? 4_000 : 300;

let server: BesiegedServer;
before(async () => {
  server = await startBesieged();
});
after(() => server?.stop());

interface Slow {
  readonly endedAfterMs: number;
  readonly status: number | undefined;
}

/** Sends `first`, then a little more every now and then, until the server ends it. */
function dawdle(first: Buffer | string, more: (turn: number) => Buffer | string | undefined): Promise<Slow> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const chunks: Buffer[] = [];
    const socket = connect(server.port, '127.0.0.1', () => socket.write(first));
    let turn = 0;
    const timer = setInterval(() => {
      const next = more(turn++);
      if (next !== undefined && socket.writable) socket.write(next);
    }, 300);
    socket.on('data', (chunk) => void chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      const status = readReplies(Buffer.concat(chunks)).replies[0]?.status;
      resolve({ endedAfterMs: performance.now() - startedAt, status });
    });
  });
}

const silent = (): undefined => undefined;

describe('time', { concurrency: true }, () => {
  test('who sends a request slowly, or none, is sent away in time, while others are answered', async () => {
    const { welcome } = server;
    const key: RawRequest['headers'] = [
      ['authorization', `Bearer ${server.apiKey}`],
      ['content-type', 'application/json'],
    ];
    const long = [...welcome.headers, ['content-length', '100000']] as const;
    const endless = [...welcome.headers, ['transfer-encoding', 'chunked']] as const;
    const get = { ...welcome, method: 'GET', target: '/mosquitto/user' };
    const ways: Record<string, Promise<Slow>> = {
      'says nothing': dawdle('', silent),
      'stops in the first line': dawdle('POST /v1/conn', silent),
      'stops in the head': dawdle('POST /v1/connect HTTP/1.1\r\nhost: x\r\n', silent),
      'sends headers without an end': dawdle('POST /v1/connect HTTP/1.1\r\n', (turn) => `x-${turn}: 1\r\n`),
      'sends no body': dawdle(headOf(welcome, long), silent),
      'sends a body byte by byte': dawdle(headOf(welcome, long), () => ' '),
      'sends chunks without an end': dawdle(headOf(welcome, endless), () => '1\r\n \r\n'),
      'sends the body of a GET byte by byte': dawdle(headOf(get, long), () => ' '),
      'sends a body to a path that is not there': dawdle(
        headOf({ ...welcome, target: '/x' }, long),
        () => ' ',
      ),
      'sends the API a body byte by byte': dawdle(
        headOf({ ...welcome, target: '/api/v1/devices' }, [...key, ['content-length', '100000']]),
        () => ' ',
      ),
      'asks twice, the second time slowly': dawdle(bytesOf(welcome), (turn) => 'POST /'[turn]),
    };
    let ended = false;
    const all = Promise.all(Object.values(ways)).then(() => {
      ended = true;
    });
    while (!ended) {
      const { replies, tookMs } = await exchange(server.port, [bytesOf(welcome)]);
      assert.deepEqual(
        replies.map(({ status }) => status),
        [200],
      );
      assert.ok(tookMs < 5_000, `answered after ${tookMs} ms`);
      await Promise.race([all, wait(250)]);
    }
    for (const [way, slow] of Object.entries(ways)) {
      const { endedAfterMs, status } = await slow;
      assert.ok(endedAfterMs < ENDED_BY_MS, `${way}: ended after ${endedAfterMs} ms`);
      const isAnswered = way.startsWith('asks twice') || way.includes('not there') || way.includes('API');
      assert.ok(isAnswered || status === undefined || status === 408, `${way}: ${status}`);
    }
  });

  test('a request that comes slowly and whole is answered, and an idle connection stays', async () => {
    const { welcome } = server;
    const bytes = bytesOf(welcome);
    const half = bytes.length / 2;
    const slow = exchange(server.port, [bytes.subarray(0, half), 4_000, bytes.subarray(half)]);
    const socket = connect(server.port, '127.0.0.1');
    const answers = () =>
      new Promise<number>((resolve) =>
        socket.once('data', (chunk) => resolve(readReplies(chunk).replies[0]?.status ?? 0)),
      );
    socket.write(bytes);
    assert.equal(await answers(), 200);
    // Longer than a request may take, and than Node's own limit for idle connections.
    await wait(13_000);
    socket.write(bytes);
    assert.equal(await answers(), 200);
    socket.destroy();
    assert.equal((await slow).replies[0]?.status, 200);
  });
});

test(`${SILENT} connections that say nothing, and as many that vanish, are in nobody’s way`, async () => {
  const { welcome } = server;
  const sockets: Socket[] = [];
  for (let index = 0; index < SILENT; index++) {
    const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    const gone = connect(server.port, '127.0.0.1', () => {
      gone.write(bytesOf(welcome).subarray(0, index % 200));
      // Without a word, as a broker that is killed.
      gone.resetAndDestroy();
    }).on('error', () => undefined);
    if (index % 100 === 0) await wait(1);
  }
  for (let turn = 0; turn < 20; turn++) {
    const { replies } = await exchange(server.port, [bytesOf(welcome)]);
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200],
    );
  }
  for (const socket of sockets) socket.destroy();
});

test('who never reads the answers gets no more of them than fit into the connection', async () => {
  const { welcome } = server;
  const socket = connect(server.port, '127.0.0.1')
    .on('error', () => undefined)
    .pause();
  const memory = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^thingpass_resident_memory_bytes (\d+)/m.exec(text)?.[1]);
  };
  const before = await memory();
  const many = Buffer.concat(Array.from({ length: 500 }, () => bytesOf(welcome)));
  for (let turn = 0; turn < 100; turn++) {
    if (socket.writableLength < 8 * 1024 * 1024) socket.write(many);
    await wait(10);
  }
  const grown = (await memory()) - before;
  assert.ok(grown < 200 * 1024 * 1024, `${grown} bytes more`);
  socket.destroy();
});

test('after all that the same server answers as ever, and has logged no mistake and no secret', () =>
  server.assertSound());
