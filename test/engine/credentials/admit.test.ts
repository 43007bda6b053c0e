import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CredentialsRecord } from '../../../src/engine/credentials/credentials-record.ts';
import { identify, passportHolder } from '../../../src/engine/credentials/identify.ts';
import { resolve } from '../../../src/engine/credentials/resolve.ts';
import { basicCredentialsId } from '../../../src/engine/credentials/stored/hash.ts';
import type { Allow } from '../../../src/model/decision.ts';
import { allowed, attemptOf, basic, contextOf, PASSPORTS, storeOf, token } from './support.ts';

const SENT = { clientId: 'c', username: 'u', password: 'p' };
const BOTH = { clientId: 'c', userName: 'u', password: 'p' };

/** What a client sends, the credential that lets it in, and the names that it has thereby proved. */
const CASES: readonly (readonly [what: string, CredentialsRecord, Allow['names']])[] = [
  ['client id and user name', basic(basicCredentialsId('c', 'u'), BOTH), { clientId: 'c', username: 'u' }],
  ['a user name', basic('u', { userName: 'u', password: 'p' }), { clientId: undefined, username: 'u' }],
  ['an access token', token('u'), undefined],
];

for (const [what, record, names] of CASES) {
  test(`${what}: the same names are proved at the connect, by passport and by the names alone`, async () => {
    const context = contextOf(storeOf(record));
    const connected = allowed(await resolve(attemptOf(SENT), context));
    assert.deepEqual(connected.names, names);
    const passport = PASSPORTS.issue('c', passportHolder(connected));
    for (const claim of [
      { clientId: 'c', username: 'another', passport },
      { clientId: 'c', username: 'u' },
    ])
      assert.deepEqual(allowed(await identify(attemptOf(claim), context)).names, names);
  });
}

test('a client id alone', async () => {
  const context = contextOf(storeOf(basic(basicCredentialsId('c', ''), { clientId: 'c', password: 'p' })));
  const connected = allowed(await resolve(attemptOf({ clientId: 'c', password: 'p' }), context));
  assert.deepEqual(connected.names, { clientId: 'c', username: undefined });
});

test('a passport says the common name of the certificate, and only that', async () => {
  const record = token('hash-of-a-certificate', { credentialsType: 'X509_CERTIFICATE' });
  const context = contextOf(storeOf(record));
  for (const commonName of ['meter-1', 'a\0b', '', undefined]) {
    const subject = passportHolder({
      outcome: 'allow',
      role: 'device',
      connack: { v3: 0, v5: 0 },
      steps: [],
      credentialsId: record.credentialsId,
      commonName,
    } as Allow);
    const claim = { clientId: 'c', username: 'u', passport: PASSPORTS.issue('c', subject) };
    const found = allowed(await identify(attemptOf(claim), context));
    assert.equal(found.commonName, commonName);
    assert.equal(found.credentialsId, record.credentialsId);
    assert.equal(found.names, undefined);
  }
});
