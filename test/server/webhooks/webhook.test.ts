import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { finished } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import type { Decider } from '../../../src/engine/deciding/decider.ts';
import { LARGEST_BODY } from '../../../src/server/webhooks/webhook.ts';
import { RawConnection } from '../../support/captured-request.ts';
import { ALLOW } from '../../support/decisions.ts';
import { buildWebhooks } from '../../support/server.ts';

const SECRET = 'a-secret-of-all-the-brokers';
const PROOF = `x-thingpass-secret: ${SECRET}\r\n`;

/** Webhooks on a socket, and a connection to it. */
async function open(t: TestContext, decider: Decider, environment: Record<string, string> = {}) {
  const built = await buildWebhooks(decider, { THINGPASS_SECRET: SECRET, ...environment });
  t.after(() => built.app.close());
  const listen = async () => {
    await built.app.listen({ host: '127.0.0.1', port: 0 });
    const connection = await RawConnection.open((built.app.server.address() as AddressInfo).port);
    t.after(() => connection.close());
    return connection;
  };
  return { ...built, listen };
}

/** A request with a length, where it has a body. */
function request(line: string, headers: string, body = ''): Buffer {
  const length = body === '' ? '' : `content-length: ${body.length}\r\n`;
  return Buffer.from(`${line} HTTP/1.1\r\nhost: x\r\n${headers}${length}\r\n${body}`);
}

test('a request stream ends as Node documents it, whatever became of its request', async (t) => {
  const { app, listen } = await open(t, { decide: () => ALLOW });
  const ended: Promise<void>[] = [];
  app.addHook('onRequest', async ({ raw }) => void ended.push(finished(raw)));
  const connection = await listen();
  const large = 'x'.repeat(100_000);
  const requests: Readonly<Record<string, readonly [bytes: Buffer, status: number]>> = {
    'without a body': [request('GET /nanomq/auth?username=u', PROOF), 200],
    'with a body': [request('POST /nanomq/auth', PROOF, 'username=u'), 200],
    'with a body in many pieces': [request('POST /nanomq/auth', PROOF, `username=u&x=${large}`), 200],
    'with a body that is no request': [request('POST /nanomq/auth', PROOF, 'x'), 400],
    'refused before its body is read': [request('POST /nanomq/auth', '', 'username=u'), 403],
    'refused before its large body is read': [request('POST /nanomq/auth', '', large), 403],
    'refused, without a body': [request('GET /nanomq/auth', ''), 403],
  };
  for (const [what, [bytes, status]] of Object.entries(requests)) {
    connection.write(bytes);
    assert.equal((await connection.reply()).status, status, what);
    await Promise.all(ended);
  }
  assert.equal(ended.length, Object.keys(requests).length);
});

test('a body over the limit is refused in the broker’s own language, and the connection ends', async (t) => {
  const { listen, logged } = await open(t, { decide: () => ALLOW });
  const connection = await listen();
  const head = `POST /emqx/authentication HTTP/1.1\r\nhost: x\r\n${PROOF}content-length: ${LARGEST_BODY + 1}\r\n\r\n`;
  connection.write(Buffer.from(head));
  const { status, headers, body } = await connection.reply();
  assert.deepEqual([status, headers.get('connection'), body], [200, 'close', '{"result":"deny"}']);
  assert.equal(logged.find(({ reason }) => reason !== undefined)?.reason, 'request_unreadable');
});

for (const [how, decide] of [
  [
    'throws',
    () => {
      throw new Error('the decider fell');
    },
  ],
  ['rejects', () => Promise.reject(new Error('the decider fell'))],
] as const) {
  test(`a decider that ${how} is a mistake that hooks see, and an answer in the broker’s own language`, async (t) => {
    const { app, logged } = await open(t, { decide });
    const errors: string[] = [];
    app.addHook('onError', async (_request, _reply, { message }) => void errors.push(message));
    const reply = await app.inject({
      method: 'POST',
      url: '/v1/connect',
      headers: { 'x-thingpass-secret': SECRET },
      payload: { username: 'a-token-that-is-secret' },
    });
    assert.deepEqual([reply.statusCode, reply.json().reason], [503, 'internal_error']);
    assert.deepEqual(errors, ['the decider fell']);
    const failure = logged.find(({ msg }) => msg === 'a webhook failed');
    const decided = logged.find(({ reason }) => reason === 'internal_error');
    assert.equal(failure?.requestId, decided?.requestId, 'both lines name the request');
    assert.doesNotMatch(JSON.stringify(logged), /a-token-that-is-secret/);
    assert.match((await app.inject('/metrics')).body, /^thingpass_in_flight 0$/m);
  });
}

test('a client that goes away while it is decided about is nobody’s trouble', async (t) => {
  const decisions = new EventEmitter();
  const decide = () => {
    decisions.emit('asked');
    return once(decisions, 'decided').then(() => ALLOW);
  };
  const { app, listen, logged } = await open(t, { decide });
  app.addHook('onRequest', async ({ raw }) => {
    raw.socket.once('close', () => decisions.emit('gone'));
  });
  const connection = await listen();
  const asked = once(decisions, 'asked');
  connection.write(request('POST /nanomq/auth', PROOF, 'username=u'));
  await asked;
  const gone = once(decisions, 'gone');
  connection.close();
  await gone;
  decisions.emit('decided');
  await new Promise(setImmediate);
  assert.equal(logged.filter(({ msg }) => msg === 'allowed').length, 1);
  assert.ok(!logged.some(({ level }) => level === 'error'));
});
