import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { resolve } from '../../../src/engine/credentials/resolve.ts';
import { basicCredentialsId, sha3 } from '../../../src/engine/credentials/stored/hash.ts';
import { createVerifySecret, type SecretScheme } from '../../../src/engine/credentials/verify-secret.ts';
import { allowed, attemptOf, basic, contextOf, DEVICE, denied, NOW, storeOf, token } from './support.ts';

const PLAIN: SecretScheme = {
  name: 'plain',
  matches: () => true,
  verify: (hash, password) => hash === password,
};

test('a token: the password and the client id are not looked at', async () => {
  const store = storeOf(token('t0ken'));
  const decision = allowed(
    await resolve(attemptOf({ clientId: 'any', username: 't0ken', password: 'any' }), contextOf(store)),
  );
  assert.equal(decision.device?.id, DEVICE.id);
  assert.equal(decision.role, 'device');
  assert.equal(decision.credentialsId, 't0ken');
  assert.equal(decision.expiresAt, undefined);
  assert.deepEqual(decision.connack, { v3: 0, v5: 0 });
});

test('both ids that may be needed are asked for at once, and only those', async () => {
  const store = storeOf();
  await resolve(attemptOf({ clientId: 'c', username: 'u' }), contextOf(store));
  await resolve(attemptOf({ clientId: 'c' }), contextOf(store));
  await resolve(attemptOf(), contextOf(store));
  assert.deepEqual(store.calls, [[basicCredentialsId('c', 'u'), 'u'], [sha3('c')], [sha3('')]]);
});

test('what MQTT cannot carry never reaches the store', async () => {
  const store = storeOf();
  for (const text of ['\0', 'a\0b', '\ud800', 'a\udc00', '\udc00\ud800']) {
    const byUser = denied(await resolve(attemptOf({ clientId: 'c', username: text }), contextOf(store)));
    const byClient = denied(await resolve(attemptOf({ clientId: text, username: 'u' }), contextOf(store)));
    assert.equal(byUser.reason, 'malformed_string');
    assert.equal(byClient.reason, 'malformed_string');
  }
  assert.deepEqual(store.calls, []);
  // A password is bytes and may hold anything; it only never matches.
  const odd = attemptOf({ username: 'u', password: 'a\0\ud800' });
  const store2 = storeOf(basic('u', { userName: 'u', password: 'a\0\ufffd' }));
  assert.equal(denied(await resolve(odd, contextOf(store2))).reason, 'password_mismatch');
});

test('a provisioning session is refused unless switched on, before the certificate', async () => {
  const certificate = { kind: 'unreadable', form: 'x', detail: 'junk' } as const;
  const store = storeOf(token('provision'));
  for (const attempt of [
    attemptOf({ username: 'provision', certificate }),
    attemptOf({ clientId: 'provision' }),
  ]) {
    assert.equal(denied(await resolve(attempt, contextOf(store))).reason, 'provision_session_not_allowed');
    const open = allowed(await resolve(attempt, contextOf(store, { provisionSessions: true })));
    assert.equal(open.role, 'provisioning_session');
    assert.equal(open.device, undefined);
  }
  const other = await resolve(
    attemptOf({ username: 'Provision' }),
    contextOf(store, { provisionSessions: true }),
  );
  assert.equal(denied(other).reason, 'credentials_unknown');
  assert.equal(store.calls.length, 1);
});

test('a wrong password denies although the user name is a token, a wrong client id goes on to it', async () => {
  const row = basic(basicCredentialsId('c', 'u'), { clientId: 'c', userName: 'u', password: 'p' });
  const store = storeOf(row, token('u'));
  const wrong = await resolve(attemptOf({ clientId: 'c', username: 'u', password: 'x' }), contextOf(store));
  assert.equal(denied(wrong).reason, 'password_mismatch');
  assert.ok(denied(wrong).countsAsFailure);
  const other = await resolve(attemptOf({ clientId: 'd', username: 'u', password: 'x' }), contextOf(store));
  assert.equal(allowed(other).credentialsId, 'u');
});

test('an empty stored password accepts any, but not beside a secret', async () => {
  const attempt = attemptOf({ username: 'u' });
  const open = storeOf(basic('u', { userName: 'u', password: '' }));
  assert.equal((await resolve(attempt, contextOf(open))).outcome, 'allow');
  const kept = storeOf(basic('u', { userName: 'u', password: '' }, { secrets: [{ id: '1', hash: 'p' }] }));
  const context = contextOf(kept, { verifySecret: createVerifySecret([PLAIN]) });
  assert.equal(denied(await resolve(attempt, context)).reason, 'password_mismatch');
  assert.equal((await resolve({ ...attempt, password: 'p' }, context)).outcome, 'allow');
});

test('credentials of another type are not for user names', async () => {
  for (const credentialsType of ['X509_CERTIFICATE', 'LWM2M_CREDENTIALS'] as const) {
    const store = storeOf(token('u', { credentialsType }));
    const decision = denied(await resolve(attemptOf({ username: 'u' }), contextOf(store)));
    assert.equal(decision.reason, 'credentials_type_mismatch');
    assert.deepEqual(decision.connack, { v3: 5, v5: 0x86 });
  }
});

test('a value that cannot be read is a server error and no failed login', async () => {
  for (const value of ['', 'null', '{"userName":{}}', '{"other":1}']) {
    const decision = denied(
      await resolve(attemptOf({ username: 'u' }), contextOf(storeOf(basic('u', value)))),
    );
    assert.equal(decision.reason, 'credentials_unreadable');
    assert.deepEqual(decision.connack, { v3: 3, v5: 0x88 });
    assert.ok(!decision.countsAsFailure);
  }
});

test('the validity of a credential: from its first millisecond to before its last', async () => {
  const reasonWith = async (window: { notBefore?: number; notAfter?: number }) => {
    const decision = await resolve(attemptOf({ username: 't' }), contextOf(storeOf(token('t', window))));
    return decision.outcome === 'deny' ? decision.reason : decision.outcome;
  };
  assert.equal(await reasonWith({ notBefore: NOW }), 'allow');
  assert.equal(await reasonWith({ notBefore: NOW + 1 }), 'credentials_not_yet_valid');
  assert.equal(await reasonWith({ notAfter: NOW + 1 }), 'allow');
  assert.equal(await reasonWith({ notAfter: NOW }), 'credentials_expired');
});

test('a decision ends with the first of its credential and its secret', async () => {
  const expiryWith = async (notAfter: number | undefined, secretNotAfter: number | undefined) => {
    const secrets = [{ id: '1', hash: 'p', notAfter: secretNotAfter }];
    const store = storeOf(basic('u', { userName: 'u', password: 'x' }, { notAfter, secrets }));
    const context = contextOf(store, { verifySecret: createVerifySecret([PLAIN]) });
    return allowed(await resolve(attemptOf({ username: 'u', password: 'p' }), context)).expiresAt;
  };
  assert.equal(await expiryWith(undefined, undefined), undefined);
  assert.equal(await expiryWith(NOW + 5, undefined), NOW + 5);
  assert.equal(await expiryWith(undefined, NOW + 6), NOW + 6);
  assert.equal(await expiryWith(NOW + 7, NOW + 6), NOW + 6);
});

test('after the match: the device, its profile’s transport, the session, the role', async () => {
  const attempt = attemptOf({ username: 't' });
  const gone = denied(await resolve(attempt, contextOf(storeOf(token('t', { device: undefined })))));
  assert.equal(gone.reason, 'device_missing');
  assert.ok(gone.countsAsFailure);

  const coap = storeOf(token('t', { device: { ...DEVICE, transportType: 'COAP' } }));
  const other = denied(await resolve(attempt, contextOf(coap, { sessionOpenLimited: () => true })));
  assert.equal(other.reason, 'profile_transport_mismatch');
  assert.deepEqual(other.connack, { v3: 3, v5: 0x88 });
  assert.ok(!other.countsAsFailure);

  const limited = denied(
    await resolve(attempt, contextOf(storeOf(token('t')), { sessionOpenLimited: (id) => id === DEVICE.id })),
  );
  assert.equal(limited.reason, 'throttled');
  assert.deepEqual(limited.connack, { v3: 3, v5: 0x9f });
  assert.ok(!limited.countsAsFailure);

  const roleOf = async (changes: object) =>
    allowed(await resolve(attempt, contextOf(storeOf(token('t', { device: { ...DEVICE, ...changes } })))))
      .role;
  assert.equal(await roleOf({ gateway: true, transportType: 'MQTT' }), 'gateway');
  assert.equal(await roleOf({ gateway: true, sparkplug: true }), 'sparkplug_node');
});

test('a store that cannot be asked is no denial', async () => {
  const store = { findByCredentialsIds: () => Promise.reject(new Error('down')) };
  await assert.rejects(async () => resolve(attemptOf({ username: 'u' }), contextOf(store)), /down/);
});

test('no step says what the client presented', async () => {
  const words = fc.stringMatching(/^[QXZ]{6,12}$/);
  await fc.assert(
    fc.asyncProperty(words, words, words, fc.nat(4), async (clientId, username, password, kind) => {
      const id = basicCredentialsId(clientId, username);
      const rows = [
        token(username),
        basic(username, { userName: username, password }),
        basic(id, { clientId, userName: username, password: `${password}!` }),
        token(username, { credentialsType: 'X509_CERTIFICATE', device: undefined }),
        basic(id, 'unreadable'),
      ];
      const store = storeOf(rows[kind] as (typeof rows)[number]);
      const { steps } = await resolve(attemptOf({ clientId, username, password }), contextOf(store));
      assert.ok(steps.length > 0);
      assert.doesNotMatch(JSON.stringify(steps), /[QXZ]{6}/);
    }),
  );
});
