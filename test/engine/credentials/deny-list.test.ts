import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialsIdOf, sha256Of } from '../../../src/engine/certificates/x509/identity.ts';
import type { CredentialsRecord } from '../../../src/engine/credentials/credentials-record.ts';
import { compileDenyList, type DeniedValue } from '../../../src/engine/credentials/deny-list.ts';
import { identify } from '../../../src/engine/credentials/identify.ts';
import { resolve } from '../../../src/engine/credentials/resolve.ts';
import type { PresentedCertificate } from '../../../src/model/peer-certificate.ts';
import type { ConnectAttempt } from '../../../src/model/question.ts';
import { issue, makeCertificate } from '../certificates/support/make-certificate.ts';
import { attemptOf, basic, contextOf, DEVICE, PASSPORTS, storeOf, token } from './support.ts';

const ca = makeCertificate({ subject: 'ca', ca: true, keyUsage: 'sign-certificates' });
const leaf = issue(ca, { subject: 'device' });
const ID = credentialsIdOf(leaf.der);
const KNOWN = token(ID, {
  credentialsType: 'X509_CERTIFICATE',
  credentialsValue: leaf.der.toString('base64'),
});
const SERIAL = '10203';

function denying(entries: readonly DeniedValue[]) {
  const list = compileDenyList(entries);
  return () => list;
}

function presented(...chain: Buffer[]): PresentedCertificate {
  return { kind: 'certificate', form: 'test', der: leaf.der, chain, verification: 'verified' };
}

async function detail(
  records: readonly CredentialsRecord[],
  attempt: Partial<ConnectAttempt>,
  ...entries: readonly DeniedValue[]
): Promise<string> {
  const context = contextOf(storeOf(...records), { denyList: denying(entries) });
  const decision = await resolve(attemptOf(attempt), context);
  if (decision.outcome !== 'deny') return decision.outcome;
  assert.equal(decision.countsAsFailure, false, 'it proved itself');
  return `${decision.reason}: ${decision.steps.at(-1)?.detail}`;
}

test('a device is denied whatever it proves itself with', async () => {
  const denied = { kind: 'device', value: DEVICE.id };
  const words = 'denied_by_list: names the device';
  assert.equal(await detail([token('t')], { username: 't' }, denied), words);
  assert.equal(
    await detail([basic('u', { userName: 'u', password: 'p' })], { username: 'u', password: 'p' }, denied),
    words,
  );
  assert.equal(await detail([KNOWN], { certificate: presented() }, denied), words);
  assert.equal(await detail([token('t')], { username: 't' }, { kind: 'device', value: 'another' }), 'allow');
  assert.equal(await detail([token('t')], { username: 't' }), 'allow');
});

test('a certificate is denied by its digest or serial number, and so is all below a denied authority', async () => {
  const digest = (der: Buffer): DeniedValue => ({ kind: 'certificate_sha256', value: sha256Of(der) });
  const certificate = presented(ca.der);
  const byDigest = 'denied_by_list: names the certificate, by its SHA-256';
  assert.equal(await detail([KNOWN], { certificate }, digest(leaf.der)), byDigest);
  assert.equal(await detail([KNOWN], { certificate }, digest(ca.der)), byDigest);
  assert.equal(
    await detail([KNOWN], { certificate: presented() }, digest(ca.der)),
    'allow',
    'it did not come along',
  );
  assert.equal(
    await detail([KNOWN], { certificate }, { kind: 'certificate_serial', value: SERIAL }),
    'denied_by_list: names the certificate, by its serial number',
  );
  assert.equal(
    await detail([KNOWN], { certificate }, { kind: 'certificate_serial', value: '10204' }),
    'allow',
  );
});

test('whoever sends a wrong password learns nothing of the list', async () => {
  const records = [basic('u', { userName: 'u', password: 'p' })];
  const decision = await resolve(
    attemptOf({ username: 'u', password: 'wrong' }),
    contextOf(storeOf(...records), { denyList: denying([{ kind: 'device', value: DEVICE.id }]) }),
  );
  assert.equal(decision.outcome === 'deny' && decision.reason, 'password_mismatch');
});

test('at topic checks too, by passport and by names', async () => {
  const denyList = denying([{ kind: 'certificate_serial', value: SERIAL }]);
  const context = contextOf(storeOf(KNOWN, token('t')), { denyList });
  const passport = PASSPORTS.issue('c', ID);
  const byPassport = await identify(attemptOf({ clientId: 'c', passport }), context);
  assert.equal(byPassport.outcome === 'deny' && byPassport.reason, 'denied_by_list');
  const byName = await identify(attemptOf({ username: 't' }), context);
  assert.equal(byName.outcome, 'allow');
  const devices = contextOf(storeOf(token('t')), {
    denyList: denying([{ kind: 'device', value: DEVICE.id }]),
  });
  const denied = await identify(attemptOf({ username: 't' }), devices);
  assert.equal(denied.outcome === 'deny' && denied.reason, 'denied_by_list');
});
