import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import {
  readVernemqClientCert,
  VERNEMQ_CLIENT_CERT,
} from '../../src/engine/certificates/forms/bodies/vernemq.ts';
import { CONNACK_NOT_AUTHORIZED, type Decision, deny, unavailable } from '../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../src/model/peer-certificate.ts';
import type { Question } from '../../src/model/question.ts';
import { type AskedServer, startAskedServer } from '../support/asked-server.ts';
import { RawConnection, type RawReply, readCapture, withPath } from '../support/captured-request.ts';
import { ALLOW } from '../support/decisions.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';
import { METER, METER_ID } from '../support/vernemq.ts';

const CAPTURES = 'captures/vernemq';
const SUITE = 'vectors/vernemq/suite-cases.json';
const SECRET = 'a-secret-for-vernemq';

interface Body {
  readonly client_id: string;
  readonly username?: string | null;
  readonly password?: string | null;
  readonly mountpoint: string;
  readonly peer_addr?: string;
  readonly client_cert?: string;
  readonly listener_addr?: string;
  readonly listener_port?: number;
  readonly topic?: string;
  readonly topics?: readonly { readonly topic: string; readonly qos: number }[];
  readonly qos?: number;
  readonly retain?: boolean;
}

interface Capture {
  readonly hook: string;
  /** Absent where the plugin crashes before it asks. */
  readonly file?: string | null;
  readonly body: Body;
}

let plain: AskedServer;
let believing: AskedServer;
before(async () => {
  plain = await startAskedServer();
  believing = await startAskedServer({
    THINGPASS_SECRET_VERNEMQ: SECRET,
    THINGPASS_CERTIFICATE_FORMS: `vernemq:${VERNEMQ_CLIENT_CERT}`,
  });
});
after(() => Promise.all([plain.close(), believing.close()]));

async function ask(server: AskedServer, bytes: Buffer): Promise<RawReply> {
  const connection = await RawConnection.open(server.port);
  try {
    connection.write(bytes);
    return await connection.reply();
  } finally {
    connection.close();
  }
}

goldenFile(
  `${CAPTURES}/index.json`,
  () => goldenJson<{ cases: Capture[] }>(`${CAPTURES}/index.json`).cases,
  async (one) => {
    if (!one.file) return;
    const request = readCapture(`${CAPTURES}/${one.file}`);
    for (const [server, secretPath] of [
      [plain, ''],
      [believing, `/k/${SECRET}`],
    ] as const) {
      for (const decision of [ALLOW, unavailable('storage_unavailable')]) {
        server.decide = () => decision;
        server.forget();
        const reply = await ask(server, withPath(request, `${secretPath}/vernemq`));
        checkReply(one.hook, reply, decision, server.question);
        if (one.hook.startsWith('auth_')) {
          checkQuestion(
            server.question,
            one,
            server === believing,
            String(request.rest).includes('hackney/4.'),
          );
        } else {
          assert.equal(server.question?.kind, 'settled');
        }
      }
    }
  },
);

function checkReply(hook: string, reply: RawReply, decision: Decision, question: Question | undefined): void {
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(reply.headers.get('cache-control'), 'no-store');
  const body = JSON.parse(reply.body);
  if (hook === 'on_auth_m5') assert.deepEqual(body, { result: { error: 'not_supported' } });
  else if (/^on_(?:unsubscribe|deliver)/.test(hook)) assert.deepEqual(body, { result: 'ok' });
  else if (!hook.startsWith('auth_')) assert.deepEqual(body, {});
  else if (question?.kind === 'settled') assert.deepEqual(body, { result: { error: 'malformed_string' } });
  else if (decision === ALLOW) assert.deepEqual(body, { result: 'ok' });
  else assert.deepEqual(body, { result: { error: 'storage_unavailable' } });
}

function checkQuestion(
  question: Question | undefined,
  { hook, body }: Pick<Capture, 'hook' | 'body'>,
  believes: boolean,
  hackney4: boolean,
): void {
  const { client_id: clientId, topics, topic = '' } = body;
  const username = body.username ?? undefined;
  const password = body.password ?? undefined;
  if ([clientId, username, password, topic].some((text) => text?.includes('\ufffd'))) {
    assert.ok(question?.kind === 'settled' && question.decision.outcome === 'deny');
    assert.equal(question.decision.reason, 'malformed_string');
    return;
  }
  const client = { broker: 'vernemq', clientId, certificate: NO_CERTIFICATE, username } as const;
  if (hook.startsWith('auth_on_register')) {
    const { client_cert: sent, listener_addr: address, listener_port: port } = body;
    const attempt = {
      ...client,
      password,
      certificate: believes ? readVernemqClientCert(sent) : NO_CERTIFICATE,
      peerAddress: body.peer_addr,
      listener: address === 'local' ? 'local' : (port?.toString() ?? (body.mountpoint || undefined)),
      protocolVersion: hook.endsWith('_m5') ? 5 : undefined,
      ...(sent === undefined || believes
        ? {}
        : { ignoredCertificates: ['client_cert, a certificate as vernemq_client_cert'] }),
    } as const;
    assert.deepEqual(question, { kind: 'connect', attempt, perDeviceMountpoint: false });
    if (sent !== undefined && believes) {
      assert.equal(attempt.certificate.kind, sent.startsWith('MII') ? 'certificate' : 'unreadable');
    }
    return;
  }
  const accesses = hook.startsWith('auth_on_publish')
    ? [{ ...client, action: 'publish', topic, qos: body.qos, retain: body.retain }]
    : topics?.map((filter) => ({ ...client, action: 'subscribe', topic: filter.topic, qos: filter.qos }));
  if (!hook.startsWith('auth_on_subscribe')) {
    assert.deepEqual(question, { kind: 'topic', accesses });
    return;
  }
  // Single filters can be refused except to an MQTT 5 client before 2.2, which the captures' HTTP client shows.
  const list = hook.endsWith('_m5') ? 'modifiers' : 'topics';
  const each = list === 'topics' || hackney4 ? { each: true, filters: topics, list } : {};
  assert.deepEqual(question, { kind: 'topic', accesses, ...each });
}

interface SuiteCase {
  readonly hook: string;
  readonly request?: Body;
  readonly answer: { readonly result?: unknown; readonly modifiers?: Readonly<Record<string, unknown>> };
  readonly calls?: unknown;
}

/**
 * VerneMQ's own test suite has an endpoint that decides by the client id or user name. Ours is asked the same and, where
 * it has such an answer at all, gives the same one to the same decision.
 */
goldenFile(
  SUITE,
  () => goldenJson<{ cases: SuiteCase[] }>(SUITE).cases,
  async ({ hook, request, answer }) => {
    if (request === undefined) return;
    const { result, modifiers } = answer;
    const decision = decisionFor(result, modifiers !== undefined);
    plain.decide = () => decision;
    plain.forget();
    const body = Buffer.from(JSON.stringify(request));
    const head = `POST /vernemq HTTP/1.1\r\nhost: a\r\nvernemq-hook: ${hook}\r\ncontent-type: application/json\r\n`;
    const reply = await ask(
      plain,
      Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body]),
    );
    checkReplyOfSuite(hook, JSON.parse(reply.body), result);
    if (hook.startsWith('auth_')) checkQuestion(plain.question, { hook, body: request }, false, false);
  },
);

function decisionFor(result: unknown, withModifiers: boolean): Decision {
  if (result === 'ok') return withModifiers ? METER : ALLOW;
  const reason = 'credentials_unknown';
  if (result !== 'next') return deny(reason);
  return {
    outcome: 'no_opinion',
    reason,
    connack: CONNACK_NOT_AUTHORIZED,
    countsAsFailure: false,
    steps: [],
  };
}

function checkReplyOfSuite(
  hook: string,
  body: { readonly result?: unknown; readonly modifiers?: { readonly username?: string } },
  result: unknown,
): void {
  const isRegister = hook.startsWith('auth_on_register');
  if (hook === 'on_auth_m5') assert.deepEqual(body, { result: { error: 'not_supported' } });
  else if (!hook.startsWith('auth_')) assert.equal(body.result, result);
  else if (result === 'ok') {
    assert.equal(body.result, 'ok');
    if (body.modifiers) assert.ok(isRegister && body.modifiers.username?.startsWith(`${METER_ID}~`));
  } else if (result === 'next' && isRegister) assert.equal(body.result, 'next');
  else assert.deepEqual(body.result, { error: 'credentials_unknown' });
}
