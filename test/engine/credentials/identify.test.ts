import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CredentialsRecord } from '../../../src/engine/credentials/credentials-record.ts';
import { identify, passportHolder } from '../../../src/engine/credentials/identify.ts';
import { basicCredentialsId } from '../../../src/engine/credentials/stored/hash.ts';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../src/engine/credentials/verify-secret.ts';
import { type Allow, CONNACK_ACCEPTED } from '../../../src/model/decision.ts';
import {
  allowed,
  attemptOf,
  basic,
  contextOf,
  DEVICE,
  denied,
  NOW,
  PASSPORTS,
  storeOf,
  token,
} from './support.ts';

const BY_BOTH = basicCredentialsId('c', 'u');

async function reasonFor(
  claim: Parameters<typeof attemptOf>[0],
  records: readonly CredentialsRecord[],
  changes: Parameters<typeof contextOf>[1] = {},
): Promise<string> {
  const decision = await identify(attemptOf(claim), contextOf(storeOf(...records), changes));
  return decision.outcome === 'deny'
    ? decision.reason
    : `${decision.outcome} ${allowed(decision).credentialsId}`;
}

test('by the names alone: what resolution would find, whatever the password', async () => {
  const both = basic(BY_BOTH, { clientId: 'c', userName: 'u', password: 'p' });
  const byClient = basic(basicCredentialsId('c', ''), { clientId: 'c' });
  const byUser = basic('u', { userName: 'u', password: 'p' });
  assert.equal(await reasonFor({ clientId: 'c', username: 'u' }, [both, token('u')]), `allow ${BY_BOTH}`);
  assert.equal(await reasonFor({ clientId: 'd', username: 'u' }, [both, token('u')]), 'allow u');
  assert.equal(await reasonFor({ clientId: 'd', username: 'u' }, [byUser]), 'allow u');
  assert.equal(await reasonFor({ clientId: 'c' }, [byClient]), `allow ${byClient.credentialsId}`);
  assert.equal(await reasonFor({ clientId: 'c' }, [token('c')]), 'credentials_unknown');
  assert.equal(await reasonFor({ clientId: 'c', username: 'u' }, []), 'credentials_unknown');
  // The id of a credential for both is none of its names.
  assert.equal(await reasonFor({ clientId: 'c', username: BY_BOTH }, [both]), 'credentials_unknown');
  const certificate = token('u', { credentialsType: 'X509_CERTIFICATE' });
  assert.equal(await reasonFor({ username: 'u' }, [certificate]), 'credentials_unknown');
});

test('one question to the store, and none for what MQTT cannot carry', async () => {
  const store = storeOf();
  await identify(attemptOf({ clientId: 'c', username: 'u' }), contextOf(store));
  assert.deepEqual(store.calls, [[BY_BOTH, 'u']]);
  assert.equal(await reasonFor({ clientId: 'a\0', username: 'u' }, []), 'malformed_string');
  assert.equal(await reasonFor({ clientId: 'c', username: '\ud800' }, []), 'malformed_string');
});

test('an unreadable value stands in the way of the token behind it, as it does when connecting', async () => {
  const records = [basic(BY_BOTH, 'junk'), token('u')];
  assert.equal(await reasonFor({ clientId: 'c', username: 'u' }, records), 'credentials_unreadable');
  assert.equal(
    await reasonFor({ clientId: 'c', username: 'v' }, [basic('v', 'junk')]),
    'credentials_unreadable',
  );
});

test('where certificate clients may come, a name never selects credentials with a password', async () => {
  const certificatesInUse = { certificatesInUse: true };
  const kept = basic('u', { userName: 'u' }, { secrets: [{ id: '1', hash: 'h' }] });
  const marked = basic('u', { userName: 'u', password: PASSWORD_KEPT_ELSEWHERE });
  const withPassword = basic(BY_BOTH, { clientId: 'c', userName: 'u', password: 'p' });
  for (const record of [basic('u', { userName: 'u', password: 'p' }), kept, marked]) {
    assert.equal(await reasonFor({ username: 'u' }, [record]), 'allow u');
    assert.equal(await reasonFor({ username: 'u' }, [record], certificatesInUse), 'credentials_unknown');
  }
  // Nor does the password in front open the token behind.
  const claim = { clientId: 'c', username: 'u' };
  assert.equal(await reasonFor(claim, [withPassword, token('u')], certificatesInUse), 'credentials_unknown');
  assert.equal(await reasonFor({ username: 'u' }, [token('u')], certificatesInUse), 'allow u');
  assert.equal(
    await reasonFor({ username: 'u' }, [basic('u', { userName: 'u' })], certificatesInUse),
    'allow u',
  );
});

test('names that were proved at the CONNECT select credentials with a password beside certificates too', async () => {
  const record = basic('u', { userName: 'u', password: 'p' });
  const claim = { clientId: 'c', username: 'u', provedItsNames: true };
  assert.equal(await reasonFor(claim, [record], { certificatesInUse: true }), 'allow u');
});

test('a password that came along is checked', async () => {
  const records = [basic('u', { userName: 'u', password: 'p' })];
  assert.equal(await reasonFor({ username: 'u', password: 'p' }, records), 'allow u');
  assert.equal(await reasonFor({ username: 'u', password: 'x' }, records), 'password_mismatch');
  assert.equal(await reasonFor({ username: 'u', password: '' }, records), 'password_mismatch');
  assert.equal(
    await reasonFor({ username: 'u', password: 'p' }, records, { certificatesInUse: true }),
    'allow u',
  );
});

test('a certificate is resolved as when connecting: the names beside it select nobody', async () => {
  const certificate = { kind: 'name', form: 'x', commonName: 'cn' } as const;
  assert.equal(await reasonFor({ username: 'u', certificate }, [token('u')]), 'certificate_name_not_enabled');
});

test('a passport stands before the names, for its own client id only', async () => {
  const records = [token('t'), token('u')];
  const passport = PASSPORTS.issue('c', 't');
  assert.equal(await reasonFor({ clientId: 'c', username: 'u', passport }, records), 'allow t');
  assert.equal(await reasonFor({ clientId: 'd', username: 'u', passport }, records), 'passport_invalid');
  assert.equal(
    await reasonFor({ clientId: 'c', username: 'u', passport: 'junk' }, records),
    'passport_invalid',
  );
  assert.equal(await reasonFor({ clientId: 'c', passport }, []), 'credentials_unknown');
});

test('a provisioning session, where allowed', async () => {
  const session: Allow = {
    outcome: 'allow',
    role: 'provisioning_session',
    connack: CONNACK_ACCEPTED,
    steps: [],
  };
  const passport = PASSPORTS.issue('c', passportHolder(session));
  for (const claim of [{ username: 'provision' }, { clientId: 'provision' }, { clientId: 'c', passport }]) {
    assert.equal(await reasonFor(claim, [token('provision')]), 'provision_session_not_allowed');
    const open = await identify(attemptOf(claim), contextOf(storeOf(), { provisionSessions: true }));
    assert.equal(allowed(open).role, 'provisioning_session');
  }
});

test('whoever is found must still be valid; what stands in the way is no failed login', async () => {
  const coap = { ...DEVICE, transportType: 'COAP' } as const;
  const cases = [
    [{ notAfter: NOW }, 'credentials_expired'],
    [{ notBefore: NOW + 1 }, 'credentials_not_yet_valid'],
    [{ device: undefined }, 'device_missing'],
    [{ device: coap }, 'profile_transport_mismatch'],
  ] as const;
  for (const [changes, reason] of cases) {
    const decision = await identify(attemptOf({ username: 't' }), contextOf(storeOf(token('t', changes))));
    assert.equal(denied(decision).reason, reason);
    assert.ok(!denied(decision).countsAsFailure, reason);
  }
  const ending = storeOf(token('t', { notAfter: NOW + 1, device: { ...DEVICE, gateway: true } }));
  const decision = allowed(await identify(attemptOf({ username: 't' }), contextOf(ending)));
  assert.equal(decision.expiresAt, NOW + 1);
  assert.equal(decision.role, 'gateway');
});
