import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Decision, unavailable } from '../../src/model/decision.ts';
import type { Question } from '../../src/model/question.ts';
import { RawConnection } from '../support/captured-request.ts';
import { ALLOW } from '../support/decisions.ts';
import { startWebhooks, type TestServer } from '../support/server.ts';

/** Answers after a while that differs from request to request, with the client id in the answer. */
async function decide(question: Question): Promise<Decision> {
  if (question.kind === 'settled') return question.decision;
  await sleep(Math.random() * 20);
  return question.kind === 'connect'
    ? { ...ALLOW, passport: question.attempt.clientId }
    : unavailable('overloaded');
}

let server: TestServer;
before(async () => {
  server = await startWebhooks({ decide }, { THINGPASS_LOG_LEVEL: 'silent' });
});
after(() => server.close());

/** As EMQX writes it (`emqx.md` section 2). */
function request(method: string, target: string, body: string): Buffer {
  const type = method === 'POST' ? 'content-type: application/json\r\n' : '';
  const head = `${method} ${target} HTTP/1.1\r\ncontent-length: ${Buffer.byteLength(body)}\r\nhost: 127.0.0.1:8080\r\n`;
  const rest = `accept: application/json\r\ncache-control: no-cache\r\nconnection: keep-alive\r\n${type}`;
  return Buffer.from(`${head}${rest}keep-alive: timeout=30, max=1000\r\n\r\n${body}`);
}

function authentication(clientid: string): Buffer {
  return request('POST', '/emqx/authentication', JSON.stringify({ clientid, username: 'u', password: 'p' }));
}

const PIPELINED = 100;

test('a hundred requests written at once are answered in their order', async () => {
  const kinds = [
    (id: string) => [authentication(id), `{"result":"allow","client_attrs":{"thingpass":"${id}"}}`] as const,
    (id: string) =>
      [
        request('GET', `/emqx/authentication?username=u&clientid=${id}`, ''),
        `{"result":"allow","client_attrs":{"thingpass":"${id}"}}`,
      ] as const,
    () =>
      [
        request('POST', '/emqx/authorization', '{"clientid":"c","action":"publish","topic":"t"}'),
        '{"result":"deny"}',
      ] as const,
    () => [request('POST', '/emqx/authentication', '{"clientid":'), '{"result":"deny"}'] as const,
    () => [request('POST', '/emqx/scram', '{"username":"u"}'), '{"error":"refused"}'] as const,
  ];
  const written = Array.from({ length: PIPELINED }, (_, index) =>
    (kinds[index % kinds.length] as (typeof kinds)[0])(`c${index}`),
  );
  const connection = await RawConnection.open(server.port);
  connection.write(Buffer.concat(written.map(([bytes]) => bytes)));
  for (const [, body] of written) assert.equal((await connection.reply()).body, body);
  connection.close();
});

test('a connection stays open after whatever was asked, and while nothing is', async () => {
  const connection = await RawConnection.open(server.port);
  for (let round = 0; round < 200; round++) {
    const junk = ['', '{', '[]', 'x=%', '\0'][round % 5] as string;
    connection.write(request('POST', round % 2 ? '/emqx/authentication' : '/emqx/authorization', junk));
    const reply = await connection.reply();
    assert.deepEqual([reply.status, reply.body], [200, '{"result":"deny"}']);
  }
  // Longer than Node's own patience with an idle connection.
  await sleep(6_000);
  connection.write(authentication('later'));
  assert.match((await connection.reply()).body, /later/);
  connection.close();
});

test('what is over the limit, of another method or broken in its framing is never an allow', async () => {
  const big = request(
    'POST',
    '/emqx/authorization',
    JSON.stringify({ clientid: 'c', x: 'x'.repeat(3_000_000) }),
  );
  const connection = await RawConnection.open(server.port);
  connection.write(big);
  assert.equal((await connection.reply()).body, '{"result":"deny"}');
  connection.close();

  for (const bytes of [
    request('PUT', '/emqx/authentication', '{"clientid":"c"}'),
    request('POST', '/emqx/authentication/x', '{"clientid":"c"}'),
    Buffer.from('POST /emqx/authentication HTTP/1.1\r\nhost: x\r\n folded: y\r\ncontent-length: 0\r\n\r\n'),
    Buffer.from('POST /emqx/authentication HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n'),
  ]) {
    const other = await RawConnection.open(server.port);
    other.write(bytes);
    const { status } = await other.reply();
    assert.ok(status === 400 || status === 404, String(status));
    other.close();
  }
});
