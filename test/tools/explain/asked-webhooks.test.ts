import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Question } from '../../../src/model/question.ts';
import type { AskedRequest } from '../../../src/server/management/explanation.ts';
import { type AskedWebhooks, openAskedWebhooks } from '../../../src/tools/explain/asked-webhooks.ts';
import { ALLOW } from '../../support/decisions.ts';
import { testConfig } from '../../support/server.ts';

const SECRET = 'a-secret-of-all-the-brokers';
const PROOF = ['X-ThingPass-Secret', SECRET] as const;

let webhooks: AskedWebhooks;
before(async () => {
  webhooks = await openAskedWebhooks(
    testConfig({
      THINGPASS_SECRET: SECRET,
      THINGPASS_CERTIFICATE_FORMS: 'forward_auth:nginx',
      THINGPASS_PROXIES: '0.0.0.0/0,::/0',
    }),
  );
});
after(() => webhooks.close());

const ask = (request: Partial<AskedRequest>, question?: (asked: Question) => void) =>
  webhooks.ask(
    { method: 'POST', path: '/v1/connect', headers: [PROOF], body: Buffer.alloc(0), ...request },
    {
      decide: (asked) => {
        question?.(asked);
        return ALLOW;
      },
    },
  );

test('an endpoint answers as it would over a network, and says what it was asked', async () => {
  const { reply, decided } = await ask({ body: Buffer.from('{"clientId":"c","username":"u"}') });
  assert.equal(reply?.status, 200);
  assert.deepEqual([decided?.broker, decided?.endpoint], ['generic', 'connect']);
  assert.equal(decided?.question?.kind === 'connect' && decided.question.attempt.username, 'u');
  const refused = await ask({ headers: [] });
  assert.equal(
    refused.decided?.decision.outcome === 'deny' && refused.decided.decision.reason,
    'guard_refused',
  );
});

test('bytes of a body and of a query stay as they are', async () => {
  const usernames: unknown[] = [];
  const keep = (asked: Question): void => {
    if (asked.kind === 'connect') usernames.push(asked.attempt.username);
  };
  await ask({ path: '/nanomq/auth', body: Buffer.from('username=%C3%BC%00%2B', 'latin1') }, keep);
  const get = { method: 'GET', path: `/nanomq/auth?username=a'"<>#b|^%23+&x=../..` };
  await ask(get, keep);
  assert.deepEqual(usernames, ['ü\0+', `a'"<>#b|^# `]);
});

test('a repeated header stays repeated, and an address that is not given is nobody’s', async () => {
  const faults: unknown[] = [];
  const keep = (asked: Question): void => {
    const certificate = asked.kind === 'connect' ? asked.attempt.certificate : undefined;
    faults.push(certificate?.kind === 'unreadable' ? certificate.fault : certificate?.kind);
  };
  const headers = [PROOF, ['X-SSL-Client-Verify', 'SUCCESS'], ['X-SSL-Client-Cert', 'x']] as const;
  const forward = { method: 'GET', path: '/forward-auth', headers };
  await ask({ ...forward, peer: '192.0.2.1' }, keep);
  await ask({ ...forward, peer: '192.0.2.1', headers: [...headers, ['x-ssl-client-cert', 'x']] }, keep);
  await ask(forward, keep);
  assert.deepEqual(faults, ['malformed_pem', 'duplicate_header', 'untrusted_source']);
});

test('what no endpoint is reached by is answered as the server does, or not at all', async () => {
  assert.deepEqual(await ask({ path: '/no/such' }), {
    reply: { status: 404, body: '{"error":"not found"}' },
  });
  for (const path of [
    '/docs/../v1/connect',
    '/x/%2E%2e/v1/connect',
    '/./v1/connect',
    '//v1/connect',
    '/x\\..\\v1',
  ]) {
    assert.deepEqual(await ask({ path }), {}, path);
  }
  assert.deepEqual(await ask({ method: 'CONNECT' }), {});
  const refused = await ask({ path: '/k/%zz/v1/connect' });
  assert.equal(refused.decided?.broker, 'generic');
});

test('what no HTTP request can hold is refused', async () => {
  for (const request of [
    { method: 'ASK' },
    { method: 'post' },
    { path: 'v1/connect' },
    { path: '/a b' },
    { headers: [['a b', 'c']] },
    { headers: [['a', 'b\r\nc: d']] },
  ] as const) {
    await assert.rejects(ask(request), { code: 'request_invalid' });
  }
});
