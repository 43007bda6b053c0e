import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import {
  CERTIFICATE_LOGIN,
  CERTIFICATE_TAG,
  PASSWORD_TAG,
  RABBITMQ_NAME,
} from '../../src/brokers/rabbitmq/client.ts';
import { type Allow, unavailable } from '../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../src/model/peer-certificate.ts';
import type { Question, TopicAccess } from '../../src/model/question.ts';
import { type AskedServer, startAskedServer } from '../support/asked-server.ts';
import { RawConnection, readCapture, withPath } from '../support/captured-request.ts';
import { ALLOW } from '../support/decisions.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';

const CAPTURES = 'captures/rabbitmq';
const SECRET = 'a-secret-for-rabbitmq';

interface Capture {
  readonly file: string;
  readonly endpoint: 'user' | 'vhost' | 'resource' | 'topic';
  readonly params: Readonly<Record<string, string>>;
}

let plain: AskedServer;
let believing: AskedServer;
before(async () => {
  plain = await startAskedServer();
  believing = await startAskedServer({
    THINGPASS_SECRET_RABBITMQ: SECRET,
    THINGPASS_CERTIFICATE_FORMS: `rabbitmq:${RABBITMQ_NAME}`,
  });
});
after(() => Promise.all([plain.close(), believing.close()]));

goldenFile(
  `${CAPTURES}/index.json`,
  () => {
    const { cases } = goldenJson<{ cases: { requests: Capture[] }[] }>(`${CAPTURES}/index.json`);
    return cases.flatMap(({ requests }) => requests);
  },
  async (one) => {
    const request = readCapture(`${CAPTURES}/${one.file}`);
    for (const [server, secretPath] of [
      [plain, ''],
      [believing, `/k/${SECRET}`],
    ] as const) {
      // RabbitMQ keeps its connections.
      const connection = await RawConnection.open(server.port);
      try {
        for (const decision of [ALLOW, unavailable('storage_unavailable')]) {
          server.decide = () => decision;
          server.forget();
          connection.write(withPath(request, `${secretPath}/rabbitmq/${one.endpoint}`));
          const { status, headers, body } = await connection.reply();
          assert.equal(status, 200);
          assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
          const login = loginOf(one, server === believing);
          const allowed = decision === ALLOW && login !== 'certificate, not believed';
          const tag = tagOf(login, server === believing && 'client_id' in one.params);
          assert.equal(body, allowed ? `allow${tag}` : 'deny');
          assert.ok(server.question);
          checkQuestion(server.question, one, login);
        }
      } finally {
        connection.close();
      }
    }
  },
);

function tagOf(login: Login, mayProve: boolean): string {
  if (login === 'certificate') return ` ${CERTIFICATE_TAG}`;
  return login === 'password' && mayProve ? ` ${PASSWORD_TAG}` : '';
}

type Login = 'password' | 'certificate' | 'certificate, not believed' | 'later';

/** A missing password is a certificate. */
function loginOf({ endpoint, params }: Capture, believes: boolean): Login {
  if (endpoint !== 'user') return 'later';
  if ('password' in params) return 'password';
  return believes ? 'certificate' : 'certificate, not believed';
}

function checkQuestion(question: Question, { endpoint, params }: Capture, login: Login): void {
  const { username, password, client_id: clientId = '' } = params;
  switch (endpoint) {
    case 'user': {
      if (login === 'certificate, not believed') {
        assert.ok(question.kind === 'settled' && question.decision.outcome === 'deny');
        assert.equal(question.decision.reason, 'certificate_name_not_enabled');
        return;
      }
      const certificate = { kind: 'name', form: RABBITMQ_NAME, commonName: username } as const;
      const attempt =
        login === 'certificate'
          ? { broker: 'rabbitmq', clientId, certificate, listener: CERTIFICATE_LOGIN }
          : { broker: 'rabbitmq', clientId, username, password, certificate: NO_CERTIFICATE };
      assert.ok(question.kind === 'connect');
      assert.deepEqual(question.attempt, attempt);
      return;
    }
    case 'topic':
      checkTopic(question, params);
      return;
    default: {
      assert.ok(question.kind === 'identity');
      assert.deepEqual(question.claim, {
        broker: 'rabbitmq',
        clientId,
        username,
        certificate: NO_CERTIFICATE,
        provedItsNames: false,
        peerAddress: params.ip,
      });
      assert.equal(question.permit(deviceNamed(clientId)).outcome, 'allow');
      // Another device under the same client id has everything but the queues.
      const other = question.permit(deviceNamed(`not ${clientId}`));
      assert.equal(other.outcome, params.resource === 'queue' ? 'deny' : 'allow');
    }
  }
}

function deviceNamed(name: string): Allow {
  const device = { id: 'd', name, tenantId: 't', profileId: 'p', profileName: 'default', topics: {} };
  return { ...ALLOW, device, credentialsId: 'token-0001' };
}

function checkTopic(question: Question, params: Capture['params']): void {
  const { permission, routing_key: key = '', 'variable_map.client_id': clientId = '', username } = params;
  if (key.startsWith('$share.')) {
    assert.ok(question.kind === 'identity');
    assert.equal(question.permit(deviceNamed(clientId)).outcome, 'deny');
    return;
  }
  const access: TopicAccess = {
    broker: 'rabbitmq',
    clientId,
    username,
    certificate: NO_CERTIFICATE,
    provedItsNames: false,
    peerAddress: undefined,
    action: permission === 'write' ? 'publish' : 'subscribe',
    topic: topicOf(permission, key),
  };
  assert.deepEqual(question, { kind: 'topic', accesses: [access] });
}

/** Level by level, since a key's words are levels (`rabbitmq.md` section 3). */
function topicOf(permission: string | undefined, key: string): string {
  const levels = key.split('.').map((word) => (word === '*' && permission === 'read' ? '+' : word));
  return levels.join('/');
}
