import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mosquitto } from '../../src/brokers/mosquitto/dialect.ts';
import { type Decision, unavailable } from '../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../src/model/peer-certificate.ts';
import type { Question } from '../../src/model/question.ts';
import { type AskedServer, startAskedServer } from '../support/asked-server.ts';
import { RawConnection, readCapture, withPath } from '../support/captured-request.ts';
import { ALLOW, EVERY_DECISION } from '../support/decisions.ts';
import { type Answer, goAuthReads, parseRaw, type ResponseMode, type Verdict } from '../support/go-auth.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';

const CAPTURES = 'captures/mosquitto-go-auth';
const RESPONSES = 'vectors/mosquitto-go-auth/responses.json';

interface Capture {
  readonly file: string;
  readonly endpoint: 'user' | 'superuser' | 'acl';
  readonly authorization?: string;
  readonly fields: Readonly<Record<string, string | number>> | null;
}

let server: AskedServer;
let connection: RawConnection;
before(async () => {
  server = await startAskedServer();
  // The plugin keeps one connection for all that it asks (`mosquitto.md` section 1): so do these tests.
  connection = await RawConnection.open(server.port);
});
after(async () => {
  connection.close();
  await server.close();
});

const MODES = [
  { root: '/mosquitto', modes: ['status', 'json'], contentType: 'application/json; charset=utf-8' },
  { root: '/mosquitto/text', modes: ['text'], contentType: 'text/plain; charset=utf-8' },
] as const;

/** What the plugin should make of a decision: unknown clients are a denial, and only our own trouble is an error. */
function intended(decision: Decision): Verdict {
  if (decision.outcome === 'allow') return 'allow';
  return decision.outcome === 'unavailable' ? 'error' : 'deny';
}

goldenFile(
  `${CAPTURES}/index.json`,
  () => goldenJson<Capture[]>(`${CAPTURES}/index.json`),
  async (one) => {
    const request = readCapture(`${CAPTURES}/${one.file}`);
    const expected = expectedQuestion(one);
    for (const { root, modes, contentType } of MODES) {
      const bytes = withPath(request, `${root}/${one.endpoint}`);
      for (const decision of [ALLOW, unavailable('storage_unavailable')]) {
        server.decide = () => decision;
        server.forget();
        connection.write(bytes);
        const reply = await connection.reply();
        const verdict = expected === 'settled' ? 'deny' : intended(decision);
        for (const mode of modes) assert.equal(goAuthReads(mode, reply), verdict);
        assert.equal(reply.headers.get('content-type'), contentType);
        assert.notEqual(reply.headers.get('connection'), 'close');
        if (expected === 'settled') assert.equal(server.question?.kind, 'settled');
        else assert.deepEqual(server.question, expected);
      }
    }
  },
);

const ACTIONS: Readonly<Record<string, 'receive' | 'publish' | 'subscribe'>> = {
  '1': 'receive',
  '2': 'publish',
  '4': 'subscribe',
};

function expectedQuestion(one: Capture): Question | 'settled' {
  if (one.endpoint === 'superuser') return 'settled';
  const fields = one.fields ?? {};
  // The index shows header bytes as latin1.
  const token = /^Bearer (.*)$/.exec(Buffer.from(one.authorization ?? '', 'latin1').toString('utf8'))?.[1];
  const client = {
    broker: 'mosquitto',
    clientId: String(fields.clientid ?? ''),
    username: token ?? String(fields.username),
    certificate: NO_CERTIFICATE,
  } as const;
  if (one.endpoint === 'user') {
    const password = fields.password === undefined ? undefined : String(fields.password);
    return { kind: 'connect', attempt: { ...client, password } };
  }
  const action = ACTIONS[String(fields.acc)];
  assert.ok(action);
  return { kind: 'topic', accesses: [{ ...client, action, topic: String(fields.topic) }] };
}

interface Given {
  readonly status?: number;
  readonly body?: string;
  readonly raw?: string;
  readonly transport?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly superuser?: Answer;
  readonly acl?: Answer;
}

interface Row {
  readonly check: string;
  readonly response_mode?: ResponseMode;
  readonly given?: Given;
  readonly decision?: Verdict;
  readonly requests?: readonly string[];
}

goldenFile(
  RESPONSES,
  () => {
    const { cases } = goldenJson<{ cases: Row[] }>(RESPONSES);
    const answers = cases.filter((row) => row.given !== undefined && row.decision !== undefined);
    const rest = cases.length - answers.length;
    console.log(
      `${RESPONSES}: ${cases.length} rows, of which ${rest} are not about one answer (time, cache, TLS)`,
    );
    return answers;
  },
  (row) => {
    const { given = {}, decision } = row;
    const mode = row.response_mode ?? 'status';
    assert.equal(read(mode, given, row.requests ?? []), decision);
    if (row.requests?.length === 0) return;
    for (const reply of ourReplies(mode)) {
      if (reply.status !== given.status) continue;
      const bodyCounts = mode !== 'status' && reply.status === 200;
      if (!bodyCounts || reply.body === given.body) assert.equal(reply.intended, decision, reply.body);
    }
  },
);

/** The table of section 4 with what stands around it: redirects, two checks in a row, a backend that was not asked. */
function read(mode: ResponseMode, given: Given, requests: readonly string[]): Verdict {
  if (given.headers?.Location !== undefined) return 'allow'; // Followed; in all cases what answers there says yes.
  if (requests.length === 0 && given.superuser === undefined && given.raw === undefined) {
    if (given.transport === undefined) return 'allow'; // The file backend had said yes before us.
  }
  if (given.superuser !== undefined && given.acl !== undefined) {
    const superuser = goAuthReads(mode, given.superuser);
    const acl = goAuthReads(mode, given.acl);
    // With a prefix the plugin asks one backend only, and there an error stands (section 8): no such row has a decision.
    if (superuser === 'allow' || acl === 'allow') return 'allow';
    return superuser === 'error' ? 'error' : acl;
  }
  if (given.raw !== undefined) return goAuthReads(mode, parseRaw(given.raw));
  if (given.status === undefined) return goAuthReads(mode, undefined);
  return goAuthReads(mode, { status: given.status, body: given.body ?? '' });
}

function ourReplies(mode: ResponseMode) {
  const root = mode === 'text' ? '/mosquitto/text/' : '/mosquitto/';
  const endpoints = mosquitto.endpoints.filter(
    ({ path }) => path.slice(0, path.lastIndexOf('/') + 1) === root,
  );
  assert.equal(endpoints.length, 3);
  return endpoints.flatMap(({ answer }) =>
    EVERY_DECISION.map((decision) => ({ ...answer(decision, undefined), intended: intended(decision) })),
  );
}

test('every answer of ours is read by the plugin as it is meant, in each response mode', () => {
  for (const mode of ['status', 'json', 'text'] as const) {
    for (const reply of ourReplies(mode)) assert.equal(goAuthReads(mode, reply), reply.intended, reply.body);
  }
});
