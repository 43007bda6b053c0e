import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../src/engine/credentials/verify-secret.ts';
import type { CredentialsRequest } from '../../../src/fleet/devices/new-credentials.ts';
import { isThingPassError } from '../../../src/model/errors.ts';
import { eventually } from '../../storage/support/eventually.ts';
import { onEachDatabase } from '../../storage/support/on-each-database.ts';
import { DAY_MS, type LivingDevices, startLivingDevices } from '../../support/living-devices.ts';

const base64Of = (name: string): string =>
  readFileSync(new URL(`../../golden/pki/${name}.crt.pem`, import.meta.url), 'utf8').replaceAll(
    /-----[^-]+-----|\s/g,
    '',
  );
const CERTIFICATES = { first: base64Of('rsa2048'), second: base64Of('p256') };

const problem = (code: string) => (error: { code?: string }) => error.code === code;

onEachDatabase((database) => {
  let living: LivingDevices;
  before(async () => {
    living = await startLivingDevices(database.location);
  });
  after(() => living.close());

  const make = async (name: string, request: CredentialsRequest): Promise<string> => {
    const made = await living.devices.create({ name, profileName: 'default', gateway: false, request });
    return made.device.id;
  };
  const secondsOf = (milliseconds: number): number => Math.floor(milliseconds / 1_000);

  test('a rotated token holds for the overlap, and says until when', async () => {
    await make('token', { kind: 'access_token', token: 'token-one' });
    assert.deepEqual((await living.connect({ username: 'token-one' })).expire_at, undefined);
    const rotated = await living.credentials.rotate('token');
    const { secret, overlap } = rotated;
    assert.ok(secret?.made);
    const endsAt = living.clock.now + 7 * DAY_MS;
    assert.deepEqual(overlap, { endsAt, onFirstUse: false });
    const next = await living.becomes({ username: secret.value }, 'allow');
    assert.equal(next.expire_at, undefined);
    // The old one still holds after the new one was used; its end is known everywhere within a second.
    await eventually(async () => {
      const old = await living.connect({ username: 'token-one' });
      assert.deepEqual([old.result, old.expire_at], ['allow', secondsOf(endsAt)]);
    });
    living.clock.now = endsAt - 1;
    assert.equal((await living.connect({ username: 'token-one' })).result, 'allow');
    living.clock.now = endsAt;
    assert.equal((await living.connect({ username: 'token-one' })).result, 'deny');
    assert.equal((await living.connect({ username: secret.value })).result, 'allow');
    // The next rotation takes away what ended before.
    const again = await living.credentials.rotate('token');
    assert.equal(again.device.credentials.length, 2);
    assert.ok(again.device.credentials.every(({ credentialsId }) => credentialsId !== 'token-one'));
  });

  test('a password is one of two under the same user name, until the older ends', async () => {
    await make('password', { kind: 'mqtt_basic', userName: 'user', password: 'old password' });
    const rotated = await living.credentials.rotate('password', {
      password: 'new password',
      overlapMs: DAY_MS,
    });
    assert.equal(rotated.device.credentials.length, 1);
    assert.equal(rotated.credentials.credentialsId, 'user');
    const old = await living.becomes({ username: 'user', password: 'new password' }, 'allow');
    assert.equal(old.expire_at, undefined);
    const detail = await living.connect({ username: 'user', password: 'old password' });
    assert.deepEqual([detail.result, detail.expire_at], ['allow', secondsOf(living.clock.now + DAY_MS)]);
    living.clock.now += DAY_MS;
    assert.equal((await living.connect({ username: 'user', password: 'old password' })).result, 'deny');
    assert.equal((await living.connect({ username: 'user', password: 'new password' })).result, 'allow');
    assert.equal(
      (await living.connect({ username: 'user', password: PASSWORD_KEPT_ELSEWHERE })).result,
      'deny',
    );
  });

  test('what is replaced ends with the first use of its successor, where so chosen', async () => {
    await make('first use', { kind: 'access_token', token: 'used-one' });
    const { secret } = await living.credentials.rotate('first use', { endsOnFirstUse: true });
    const next = { username: secret?.value as string };
    assert.equal((await living.becomes({ username: 'used-one' }, 'allow')).result, 'allow');
    await living.becomes(next, 'allow');
    await living.becomes({ username: 'used-one' }, 'deny');
    assert.equal((await living.connect(next)).result, 'allow');

    await make('first password', { kind: 'mqtt_basic', userName: 'first', password: 'one' });
    await living.credentials.rotate('first password', { password: 'two', endsOnFirstUse: true });
    await living.becomes({ username: 'first', password: 'two' }, 'allow');
    await living.becomes({ username: 'first', password: 'one' }, 'deny');
    const { credentials } = await living.devices.get('first password');
    assert.deepEqual(
      credentials[0]?.secrets.map(({ endsOnFirstUseOf }) => endsOnFirstUseOf),
      [undefined, undefined],
    );
  });

  test('of several rotations in a row, the last one’s use ends all before', async () => {
    await make('in a row', { kind: 'access_token', token: 'row-one' });
    await living.credentials.rotate('in a row', { token: 'row-two', endsOnFirstUse: true });
    await living.credentials.rotate('in a row', { token: 'row-three', endsOnFirstUse: true });
    await living.becomes({ username: 'row-two' }, 'allow');
    assert.equal((await living.connect({ username: 'row-one' })).result, 'allow');
    await living.becomes({ username: 'row-three' }, 'allow');
    await living.becomes({ username: 'row-one' }, 'deny');
    await living.becomes({ username: 'row-two' }, 'deny');
  });

  test('a gateway goes from a token to a certificate in one call, both valid meanwhile', async () => {
    await make('gateway', { kind: 'access_token', token: 'gateway-token' });
    const switched = await living.credentials.switchTo(
      'gateway',
      { kind: 'x509', certificate: CERTIFICATES.first },
      { overlapMs: DAY_MS, endsOnFirstUse: true },
    );
    assert.deepEqual(
      switched.device.credentials.map(({ credentialsType }) => credentialsType),
      ['ACCESS_TOKEN', 'X509_CERTIFICATE'],
    );
    assert.ok((switched.credentials.certificateNotAfter ?? 0) > living.clock.now);
    assert.equal((await living.connect({ username: 'gateway-token' })).result, 'allow');
    const detail = await living.becomes({ cert_pem: CERTIFICATES.first }, 'allow');
    assert.equal(detail.expire_at, secondsOf(switched.credentials.certificateNotAfter as number));
    await living.becomes({ username: 'gateway-token' }, 'deny');

    const rotated = await living.credentials.rotate('gateway', { certificate: CERTIFICATES.second });
    await living.becomes({ cert_pem: CERTIFICATES.second }, 'allow');
    await eventually(async () => {
      const old = await living.connect({ cert_pem: CERTIFICATES.first });
      assert.deepEqual([old.result, old.expire_at], ['allow', secondsOf(rotated.overlap?.endsAt as number)]);
    });
  });

  test('one more credential holds between its times', async () => {
    await make('spare', { kind: 'access_token', token: 'spare-one' });
    const { now } = living.clock;
    const window = { notBefore: now + DAY_MS, notAfter: now + 2 * DAY_MS };
    await living.credentials.add('spare', { kind: 'access_token', token: 'spare-two' }, window);
    assert.equal((await living.becomes({ username: 'spare-two' }, 'deny')).result, 'deny');
    living.clock.now = window.notBefore;
    assert.equal(
      (await living.becomes({ username: 'spare-two' }, 'allow')).expire_at,
      secondsOf(window.notAfter),
    );
    living.clock.now = window.notAfter;
    assert.equal((await living.connect({ username: 'spare-two' })).result, 'deny');
    assert.equal((await living.connect({ username: 'spare-one' })).result, 'allow');
  });

  test('revoked credentials are gone, and a certificate is on the deny list', async () => {
    const id = await make('revoked', { kind: 'access_token', token: 'revoked-token' });
    await living.credentials.add(id, { kind: 'x509', certificate: base64Of('ed25519') });
    await living.becomes({ username: 'revoked-token' }, 'allow');
    const { revoked } = await living.credentials.revoke(id);
    assert.equal(revoked.length, 2);
    await living.becomes({ username: 'revoked-token' }, 'deny');
    await living.becomes({ cert_pem: base64Of('ed25519') }, 'deny');
    const denied = await database.sql<{ kind: string }>('SELECT kind FROM deny_entry');
    assert.deepEqual(
      denied.map(({ kind }) => kind),
      ['certificate_sha256'],
    );
    assert.deepEqual((await living.credentials.revoke(id)).revoked, []);
  });

  test('a change is refused where the credentials are not what they were', async () => {
    await make('versioned', { kind: 'mqtt_basic', userName: 'versioned' });
    const [row] = (await living.devices.get('versioned')).credentials;
    assert.ok(row);
    const which = { credentials: row.id, version: row.version };
    const first = await living.credentials.rotate('versioned', which);
    assert.ok(first.credentials.version > row.version);
    for (const change of [
      () => living.credentials.rotate('versioned', which),
      () => living.credentials.revoke('versioned', which),
      () => living.credentials.set('versioned', { kind: 'access_token' }, which),
      () => living.credentials.switchTo('versioned', { kind: 'access_token' }, which),
    ])
      await assert.rejects(change, problem('precondition_failed'));
    await living.credentials.revoke('versioned', { ...which, version: first.credentials.version });
  });

  test('rotations at once follow one another: every new password holds, none gets lost', async () => {
    await make('at once', { kind: 'mqtt_basic', userName: 'at once', password: 'the first' });
    await make('tokens at once', { kind: 'access_token', token: 'first of many' });
    const passwords = ['1', '2', '3', '4'];
    await Promise.all(passwords.map((password) => living.credentials.rotate('at once', { password })));
    const tokens = await Promise.all(passwords.map(() => living.credentials.rotate('tokens at once')));
    for (const password of [...passwords, 'the first'])
      await living.becomes({ username: 'at once', password }, 'allow');
    for (const { secret } of tokens) await living.becomes({ username: secret?.value as string }, 'allow');
    const { credentials } = await living.devices.get('tokens at once');
    assert.equal(credentials.filter(({ notAfter }) => notAfter === undefined).length, 1);
    const which = { version: credentials[0]?.version as number, credentials: credentials[0]?.id as string };
    const both = await Promise.allSettled(
      [1, 2].map(() => living.credentials.rotate('tokens at once', which)),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  test('what cannot be rotated is said, and nothing is done', async () => {
    const id = await make('refused', { kind: 'access_token', token: 'refused-one' });
    const { credentials } = living;
    await assert.rejects(credentials.rotate('nobody'), problem('device_not_found'));
    await assert.rejects(credentials.rotate(id, { password: 'x' }), problem('credentials_not_found'));
    await assert.rejects(credentials.rotate(id, { credentials: id }), problem('credentials_not_found'));
    await assert.rejects(credentials.rotate(id, { password: '' }), problem('credentials_invalid'));
    await assert.rejects(
      credentials.rotate(id, { token: 'a', certificate: 'b' }),
      problem('credentials_invalid'),
    );
    await assert.rejects(credentials.rotate(id, { token: 'to\u0007ken' }), problem('credentials_invalid'));
    await make('holder', { kind: 'access_token', token: 'held' });
    await assert.rejects(
      credentials.rotate(id, { token: 'held' }),
      (error: unknown) =>
        isThingPassError(error, 'credentials_taken') && error.data.takenBy?.name === 'holder',
    );
    await credentials.add(id, { kind: 'mqtt_basic', userName: 'refused-two', password: null });
    await assert.rejects(credentials.rotate(id), problem('credentials_ambiguous'));
    // Any password was accepted until now: nothing of that may stay.
    const rotated = await credentials.rotate(id, { type: 'MQTT_BASIC', password: 'from now on' });
    assert.equal(rotated.overlap, undefined);
    await living.becomes({ username: 'refused-two', password: 'any' }, 'deny');
    await living.becomes({ username: 'refused-two', password: 'from now on' }, 'allow');
  });

  test('every change is in the audit trail, without a secret', async () => {
    const text = JSON.stringify(await database.sql('SELECT action, detail FROM audit_event'));
    for (const action of ['rotated', 'switched', 'added', 'revoked', 'ended'])
      assert.ok(text.includes(`"credentials.${action}"`), action);
    for (const secret of ['token-one', 'new password', 'row-two', 'gateway-token', 'hmac', 'scrypt'])
      assert.ok(!text.includes(secret), secret);
  });
});

onEachDatabase((database) => {
  test('where a device has one credential, whatever is new replaces it at once', async (context) => {
    const living = await startLivingDevices(database.location, { oneCredentialPerDevice: true });
    context.after(() => living.close());
    const { devices, credentials } = living;
    const request = { kind: 'mqtt_basic', userName: 'only', password: 'one' } as const;
    await devices.create({ name: 'only', profileName: 'default', gateway: false, request });
    const rotated = await credentials.rotate('only', { password: 'two' });
    assert.equal(rotated.overlap, undefined);
    assert.equal(rotated.credentials.secrets.length, 1);
    await living.becomes({ username: 'only', password: 'one' }, 'deny');
    await living.becomes({ username: 'only', password: 'two' }, 'allow');
    const switched = await credentials.switchTo('only', { kind: 'access_token', token: 'only-token' });
    assert.deepEqual([switched.overlap, switched.device.credentials.length], [undefined, 1]);
    await living.becomes({ username: 'only', password: 'two' }, 'deny');
    await assert.rejects(
      credentials.add('only', { kind: 'access_token' }),
      problem('one_credential_per_device'),
    );
    const again = await credentials.rotate('only', { token: 'another-token' });
    assert.deepEqual([again.overlap, again.device.credentials.length], [undefined, 1]);
    await living.becomes({ username: 'only-token' }, 'deny');
    await living.becomes({ username: 'another-token' }, 'allow');
  });
});
