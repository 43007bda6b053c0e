import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Endpoint } from '../../src/brokers/dialect.ts';
import { rmqtt } from '../../src/brokers/rmqtt/dialect.ts';
import { type Decision, unavailable } from '../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../src/model/peer-certificate.ts';
import type { Question } from '../../src/model/question.ts';
import { rmqttReads } from '../../src/tools/broker-simulator/rmqtt-reads.ts';
import type { Answer } from '../../src/tools/broker-simulator/simulated-broker.ts';
import { type AskedServer, startAskedServer } from '../support/asked-server.ts';
import { RawConnection, readCapture, withPath } from '../support/captured-request.ts';
import { ALLOW, EVERY_DECISION } from '../support/decisions.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';

const CAPTURES = 'captures/rmqtt';
const RESPONSES = 'vectors/rmqtt/responses.json';
const SECRET = 'a-secret-for-rmqtt';

interface Capture {
  readonly file: string;
  readonly endpoint: 'auth' | 'acl';
  readonly fields: Readonly<Record<string, string>>;
  readonly certificateSubject?: string;
}

let plain: AskedServer;
let believing: AskedServer;
before(async () => {
  plain = await startAskedServer();
  believing = await startAskedServer({
    THINGPASS_SECRET_RMQTT: SECRET,
    THINGPASS_CERTIFICATE_FORMS: `rmqtt:rmqtt_subject`,
  });
});
after(() => Promise.all([plain.close(), believing.close()]));

goldenFile(
  `${CAPTURES}/index.json`,
  () => goldenJson<Capture[]>(`${CAPTURES}/index.json`),
  async (one) => {
    const request = readCapture(`${CAPTURES}/${one.file}`);
    for (const [server, root, bySubject] of [
      [plain, '/rmqtt', false],
      [believing, `/k/${SECRET}/rmqtt`, false],
      [believing, `/k/${SECRET}/rmqtt/subject`, true],
    ] as const) {
      // RMQTT keeps its connections.
      const connection = await RawConnection.open(server.port);
      try {
        const expected = expectedQuestion(one, bySubject);
        for (const decision of [ALLOW, unavailable('storage_unavailable')]) {
          server.decide = () => decision;
          server.forget();
          connection.write(withPath(request, `${root}/${one.endpoint}`));
          const { status, headers, body } = await connection.reply();
          assert.deepEqual(server.question, expected);
          assert.equal(status, 200);
          assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
          const allowed = expected !== undefined && decision === ALLOW;
          assert.equal(JSON.parse(body).result, allowed ? 'allow' : 'deny');
          const cached = allowed && one.fields.access === '2' ? '1000' : undefined;
          assert.equal(headers.get('x-cache'), cached);
        }
      } finally {
        connection.close();
      }
    }
  },
);

function expectedQuestion({ endpoint, fields }: Capture, bySubject: boolean): Question | undefined {
  const { clientid: clientId = '', username, topic = '' } = fields;
  const name = username || undefined;
  const form = 'rmqtt_subject';
  const client = {
    broker: 'rmqtt',
    clientId,
    username: bySubject ? undefined : name,
    certificate: !bySubject
      ? NO_CERTIFICATE
      : name === undefined
        ? ({ kind: 'unreadable', form, detail: 'the subject is empty' } as const)
        : ({ kind: 'name', form, subject: name } as const),
    peerAddress: fields.ipaddr,
  } as const;
  if (endpoint === 'auth') {
    const password = bySubject ? undefined : fields.password || undefined;
    const protocolVersion = Number(fields.protocol) as 3 | 4 | 5;
    return { kind: 'connect', attempt: { ...client, password, protocolVersion } };
  }
  // The client's user name was `%t`.
  if (username === topic) return undefined;
  const action = fields.access === '1' ? 'subscribe' : 'publish';
  return { kind: 'topic', accesses: [{ ...client, action, topic }] };
}

interface Row {
  readonly response: string;
  readonly answer: Answer | null;
  readonly decision: string;
  readonly error?: boolean;
  readonly superuser?: boolean;
  readonly expires?: number | null;
  readonly cache?: string;
}

const NOW = 1_790_000_000;
const CACHE_MS = new Map([
  ['60 000 ms', 60_000],
  ['until disconnect', -1],
  ['not cached', 0],
]);

/** First the table against what was found out of RMQTT, then every answer of ours against the table. */
goldenFile(
  RESPONSES,
  () => {
    const { auth, acl } = goldenJson<{ auth: Row[]; acl: Row[] }>(RESPONSES);
    return [...auth, ...acl];
  },
  (row) => {
    if (row.decision === 'as the target') return;
    const reading = rmqttReads(row.answer, NOW);
    assert.equal(reading.decision, row.decision);
    assert.equal(reading.error, row.error ?? false);
    // A list that RMQTT drops takes its expiry along; ours is always empty.
    const emptyList = !row.answer?.body.includes('"acl":[{');
    if (row.superuser !== undefined) assert.equal(reading.superuser, row.superuser);
    if (row.expires !== undefined && emptyList) assert.equal(reading.expires ?? null, row.expires);
    if (row.cache !== undefined) assert.equal(Math.max(-1, reading.cacheMs), CACHE_MS.get(row.cache));
  },
);

const PUBLISH = { kind: 'topic', accesses: [{ action: 'publish' }] } as unknown as Question;
const SUBSCRIBE = { kind: 'topic', accesses: [{ action: 'subscribe' }] } as unknown as Question;

test('RMQTT makes of every answer of ours what was decided', (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: NOW * 1_000 + 250 });
  const soon = { ...ALLOW, expiresAt: Date.now() + 500 };
  const later = { ...ALLOW, expiresAt: Date.now() + 3_600_000 };
  const gone = { ...ALLOW, expiresAt: Date.now() - 1 };
  let answers = 0;
  for (const endpoint of rmqtt.endpoints) {
    for (const decision of [...EVERY_DECISION, soon, later, gone]) {
      for (const question of [undefined, PUBLISH, SUBSCRIBE]) {
        checkAnswer(endpoint, decision, question);
        answers++;
      }
    }
  }
  console.log(`${RESPONSES}: ${answers} answers of ours read as meant`);
});

function checkAnswer({ name, answer }: Endpoint, decision: Decision, question: Question | undefined): void {
  const reply = answer(decision, question);
  assert.equal(reply.status, 200);
  const now = Date.now() / 1_000;
  const reading = rmqttReads(reply, now);
  const expiresAt = decision.outcome === 'allow' ? decision.expiresAt : undefined;
  // A login that ends within this second has ended: RMQTT counts whole ones.
  const over = name === 'connect' && expiresAt !== undefined && Math.floor(expiresAt / 1_000) <= now;
  const mayIgnore = name === 'connect' && decision.outcome === 'no_opinion';
  const expected = decision.outcome === 'allow' && !over ? 'allow' : mayIgnore ? 'ignore' : 'deny';
  assert.equal(reading.decision, expected);
  assert.equal(reading.error, false);
  assert.equal(reading.superuser, false);
  const bounded = name === 'connect' && expected === 'allow' && expiresAt !== undefined;
  assert.equal(reading.expires, bounded ? Math.floor(expiresAt / 1_000) : undefined);
  // Only an allowed publish is repeated, for a second at most and never beyond the end.
  const keeps = name === 'topic' && expected === 'allow' && question === PUBLISH;
  const remaining = expiresAt === undefined ? 1_000 : Math.max(0, expiresAt - now * 1_000);
  assert.ok(reading.cacheMs >= 0 && reading.cacheMs <= (keeps ? Math.min(1_000, remaining) : 0));
}
