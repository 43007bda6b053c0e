import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CertificateNames,
  RecordedName,
} from '../../../../src/engine/credentials/certificate/certificate-names.ts';
import type { CredentialsRecord } from '../../../../src/engine/credentials/credentials-record.ts';
import { type IdentifyContext, identify } from '../../../../src/engine/credentials/identify.ts';
import { resolve } from '../../../../src/engine/credentials/resolve.ts';
import type { CertificateName } from '../../../../src/model/peer-certificate.ts';
import type { BrokerName } from '../../../../src/model/question.ts';
import { nameSourceOf } from '../../../support/name-source.ts';
import { allowed, attemptOf, contextOf, NOW, storeOf, token } from '../support.ts';

const X509 = token('x', { credentialsType: 'X509_CERTIFICATE' });

/** Certificates by one name of theirs, devices by their name, and what was asked. */
function namesOf(
  certificates: Readonly<Record<string, readonly CredentialsRecord[]>>,
  devices: Readonly<Record<string, readonly CredentialsRecord[]>> = {},
): CertificateNames & { readonly asked: RecordedName[] } {
  const asked: RecordedName[] = [];
  return {
    asked,
    async findByCertificate(name) {
      asked.push(name);
      return certificates[name.value] ?? [];
    },
    findByDeviceName: async (name) => devices[name] ?? [],
  };
}

async function detail(
  name: Partial<CertificateName>,
  changes: Partial<IdentifyContext> = {},
  broker: BrokerName = 'emqx',
): Promise<string> {
  const attempt = attemptOf({
    broker,
    clientId: 't',
    username: 't',
    password: 'p',
    listener: '8883',
    certificate: { kind: 'name', form: 'emqx_cert_name', ...name },
  });
  // A token that the names would find: a certificate's name must never fall back to it.
  const context = contextOf(storeOf(token('t')), {
    certificateOnly: (listener) => listener === '8883',
    certificateNames: 'credential',
    nameSource: nameSourceOf(broker),
    names: namesOf({ meter: [X509] }, { meter: [token('own')] }),
    ...changes,
  });
  const decision = await resolve(attempt, context);
  const check = await identify(attempt, context);
  assert.equal(check.outcome, decision.outcome, 'a topic check finds the same');
  return decision.outcome === 'deny' ? decision.reason : (allowed(decision).credentialsId ?? '');
}

test('a name identifies only where it is enabled, from a listener that verifies', async () => {
  assert.equal(await detail({ commonName: 'meter' }), 'x');
  assert.equal(
    await detail({ commonName: 'meter' }, { certificateNames: 'off' }),
    'certificate_name_not_enabled',
  );
  const undeclared = { certificateOnly: () => false };
  assert.equal(await detail({ commonName: 'meter' }, undeclared), 'certificate_name_not_enabled');
  assert.equal(
    await detail({ commonName: 'meter' }, { certificateOnly: undefined }),
    'certificate_name_not_enabled',
  );
  assert.equal(await detail({ commonName: 'meter' }, { names: undefined }), 'certificate_name_not_enabled');
});

test('one name, of one device', async () => {
  assert.equal(await detail({ commonName: 'stranger' }), 'certificate_name_unknown');
  assert.equal(await detail({ commonName: '' }), 'certificate_name_ambiguous');
  assert.equal(await detail({ commonName: 'meter,other' }), 'certificate_name_ambiguous');
  assert.equal(await detail({ subject: 'CN=meter,CN=other' }), 'certificate_name_ambiguous');
  assert.equal(await detail({ subject: 'CN=meter,O=x' }), 'x');
  assert.equal(await detail({ commonName: 'other', subject: 'CN=meter,O=x' }), 'certificate_name_ambiguous');
  const twins = namesOf({ meter: [X509, { ...X509, deviceId: 'device-2' }] });
  assert.equal(await detail({ commonName: 'meter' }, { names: twins }), 'certificate_name_ambiguous');
});

test('NanoMQ’s common name is cut out of its subject, so the subject decides', async () => {
  const nanomq = (name: Partial<CertificateName>) => detail(name, {}, 'nanomq');
  assert.equal(await nanomq({ commonName: 'meter, O=x', subject: 'CN=meter, O=x' }), 'x');
  assert.equal(await nanomq({ commonName: 'meter' }), 'certificate_name_ambiguous');
});

test('the name of the device itself, where so configured', async () => {
  assert.equal(await detail({ commonName: 'meter' }, { certificateNames: 'device_name' }), 'own');
  assert.equal(
    await detail({ commonName: 'other' }, { certificateNames: 'device_name' }),
    'certificate_name_unknown',
  );
});

test('a digest names the certificate exactly', async () => {
  const names = namesOf({ abc: [X509] });
  const digest = { algorithm: 'sha256', hex: 'abc' } as const;
  assert.equal(await detail({ digest, commonName: 'a,b' }, { names }), 'x');
  assert.deepEqual(names.asked[0], { by: 'sha256', value: 'abc' });
});

test('of several credentials of the device, one that is in force', async () => {
  const old = { ...X509, credentialsId: 'old', notAfter: NOW };
  const coming = { ...X509, credentialsId: 'coming', notBefore: NOW + 1 };
  assert.equal(
    await detail({ commonName: 'meter' }, { names: namesOf({ meter: [old, coming, X509] }) }),
    'x',
  );
  assert.equal(
    await detail({ commonName: 'meter' }, { names: namesOf({ meter: [old] }) }),
    'credentials_expired',
  );
  const both = namesOf({}, { meter: [token('own'), X509] });
  assert.equal(await detail({ commonName: 'meter' }, { names: both, certificateNames: 'device_name' }), 'x');
});

test('a name identifies nobody where it is not known how the broker writes names', async () => {
  assert.equal(
    await detail({ commonName: 'meter' }, { nameSource: undefined }),
    'certificate_name_ambiguous',
  );
});
