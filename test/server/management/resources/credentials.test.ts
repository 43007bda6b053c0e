import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../storage/support/eventually.ts';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { apiServer } from '../support/api-server.ts';

const certificate = goldenBytes('pki/p256.crt.pem').toString();

onEachDatabase((database) => {
  const server = apiServer(database);
  /** Within the second that a change may take to be heard of. */
  const admitted = (attempt: Record<string, unknown>) =>
    eventually(async () => assert.equal(await server.connects(attempt), true), 20_000);
  const refused = (attempt: Record<string, unknown>) =>
    eventually(async () => assert.equal(await server.connects(attempt), false));
  const call = (...args: Parameters<typeof server.api.call>) => server.api.call(...args);

  async function device(name: string, credentials?: object) {
    const { body } = await call('createDevice', { body: { name, ...(credentials && { credentials }) } });
    const path = { device: body.device.id as string, credentials: body.device.credentials[0].id as string };
    return { path, secret: body.secret?.value as string };
  }

  test('credentials are shown without what they prove', async () => {
    const basic = { kind: 'mqtt_basic', clientId: 'c-1', userName: 'u-1', password: 'my-own-password' };
    const { path } = await device('shown', basic);
    const { body, headers } = await call('getCredentials', { path });
    assert.deepEqual(
      [body.type, body.clientId, body.userName, body.anyPassword],
      ['MQTT_BASIC', 'c-1', 'u-1', false],
    );
    assert.equal(body.secrets.length, 1);
    assert.match(headers.get('etag') ?? '', /^"\d+"$/);
    const listed = await call('listCredentials', { path: { device: 'shown' } });
    assert.deepEqual(listed.body.items, [body]);
    assert.doesNotMatch(JSON.stringify(listed.body), /my-own-password|\$scrypt|kept in/);
    const token = await device('token');
    const shown = await call('getCredentials', { path: token.path });
    assert.ok(!JSON.stringify(shown.body).includes(token.secret));
  });

  test('of those who replace the same credentials, one wins and the others are told', async () => {
    const { path, secret } = await device('raced');
    const etag = (await call('getCredentials', { path })).headers.get('etag') as string;
    const replace = (token: string, ifMatch: string) =>
      server.api.ask('putCredentials', {
        path,
        body: { kind: 'access_token', token },
        headers: { 'if-match': ifMatch },
      });
    await server.api.refused('precondition_required', 'putCredentials', {
      path,
      body: { kind: 'access_token' },
    });
    const tokens = [1, 2, 3, 4, 5].map((index) => `raced-token-${index}`);
    const answers = await Promise.all(tokens.map((token) => replace(token, etag)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412, 412]);
    const winner = answers.findIndex(({ status }) => status === 200);
    await admitted({ username: tokens[winner] });
    await refused({ username: secret });
    const revoke = { path, headers: { 'if-match': etag } };
    await server.api.refused('precondition_failed', 'revokeCredentials', revoke);
  });

  test('revoked credentials admit nobody', async () => {
    const { path, secret } = await device('revoked');
    await admitted({ username: secret });
    await server.api.refused('precondition_required', 'revokeCredentials', { path });
    await call('revokeCredentials', { path, headers: { 'if-match': '*' } });
    await refused({ username: secret });
    await server.api.refused('credentials_not_found', 'getCredentials', { path });
  });

  test('a rotation gives a new token, and the old one holds until the overlap ends', async () => {
    const { path, secret } = await device('rotated');
    const rotated = await call('rotateCredentials', {
      path: { device: 'rotated' },
      body: { overlapSeconds: 3_600 },
    });
    assert.ok(Date.parse(rotated.body.previousEnds) > Date.now());
    for (const username of [secret, rotated.body.secret.value]) await admitted({ username });
    const at = await call('rotateCredentials', {
      path: { device: path.device },
      body: { overlapSeconds: 0 },
    });
    await refused({ username: rotated.body.secret.value });
    await admitted({ username: at.body.secret.value });
  });

  test('a device is switched from its token to a certificate, and the holder of one is named', async () => {
    await device('switched');
    const to = { kind: 'x509', certificate };
    const { body } = await call('switchCredentials', { path: { device: 'switched' }, body: { to } });
    assert.equal(body.credentials.type, 'X509_CERTIFICATE');
    await device('late');
    const add = { path: { device: 'late' }, body: { credentials: to } };
    const refused = await server.api.refused('credentials_taken', 'addCredentials', add);
    assert.equal(refused.body.takenBy.name, 'switched');
    const added = await call('addCredentials', {
      ...add,
      body: { credentials: { kind: 'access_token' }, notAfter: '2099-01-01' },
    });
    assert.equal(added.body.credentials.notAfter, '2099-01-01T00:00:00.000Z');
  });
});
