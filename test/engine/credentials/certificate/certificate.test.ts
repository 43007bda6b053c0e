import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialsIdOf } from '../../../../src/engine/certificates/x509/identity.ts';
import type { CredentialsRecord } from '../../../../src/engine/credentials/credentials-record.ts';
import { identify } from '../../../../src/engine/credentials/identify.ts';
import { resolve } from '../../../../src/engine/credentials/resolve.ts';
import { sha3 } from '../../../../src/engine/credentials/stored/hash.ts';
import type { PeerCertificate, PresentedCertificate } from '../../../../src/model/peer-certificate.ts';
import { allowed, attemptOf, contextOf, DEVICE, denied, storeOf, token } from '../support.ts';

/** Self-signed, valid from the start of 2012 to the start of 2019; its key was thrown away. */
const BASE64 =
  'MIIBMDCB2KADAgECAhQQ/oIjdu+53Qlr6O0XSTpVVcSVADAKBggqhkjOPQQDAjAQMQ4wDAYDVQQDDAVvbGQtMTAeFw0xMjAxMDEwMDAwMDBaFw0x' +
  'OTAxMDEwMDAwMDBaMBAxDjAMBgNVBAMMBW9sZC0xMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErzYjMwGw8bU6QqJhA+XUma2d5GH8nA8QWz2M' +
  'tlUElBZUjWr8j5CnJEKmf309YBg3gV19da4qo9Q3CKWlFN0PVqMQMA4wDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNHADBEAiAy5lLoYBsfJHl5' +
  'onpDqh0p15u5wYqQb983NJS6rQvV2gIgfwNRlyEfef5dIqJ9d2Rd2Qt44LuiwfE2bYsXGCwmkuc=';
const DER = Buffer.from(BASE64, 'base64');
const NOT_BEFORE = Date.UTC(2012, 0, 1);
const NOT_AFTER = Date.UTC(2019, 0, 1);
const WITHIN = Date.UTC(2015, 0, 1);
const ID = credentialsIdOf(DER);
const KNOWN = token(ID, { credentialsType: 'X509_CERTIFICATE', credentialsValue: BASE64 });

function presented(
  der: Uint8Array = DER,
  verification: PeerCertificate['verification'] = 'verified',
): PresentedCertificate {
  return { kind: 'certificate', form: 'test', der, chain: [], verification };
}

async function detail(
  certificate: PresentedCertificate,
  records: readonly CredentialsRecord[] = [KNOWN],
  now = WITHIN,
  skipCertificateDates = false,
): Promise<string> {
  // A token that the names would find: a certificate must never fall back to it.
  const store = storeOf(token('t'), ...records);
  const attempt = attemptOf({ clientId: 'c', username: 't', password: 'p', certificate });
  const decision = await resolve(attempt, contextOf(store, { now: () => now, skipCertificateDates }));
  if (decision.outcome !== 'deny') return decision.outcome;
  if (decision.connack.v5 === 0x87) assert.ok(decision.countsAsFailure);
  return `${decision.reason} ${decision.connack.v3}/${decision.connack.v5.toString(16)}`;
}

test('the id is that of the Base64 text, not of the DER', () => {
  assert.equal(ID, sha3(BASE64));
  const inside = new Uint8Array([1, ...DER, 2]).subarray(1, 1 + DER.length);
  assert.equal(credentialsIdOf(inside), ID, 'also where the bytes are a part of others');
});

test('a known certificate within its dates, both ends included', async () => {
  assert.equal(await detail(presented()), 'allow');
  assert.equal(await detail(presented(), [KNOWN], NOT_BEFORE), 'allow');
  assert.equal(await detail(presented(), [KNOWN], NOT_AFTER), 'allow');
  assert.equal(await detail(presented(), [KNOWN], NOT_BEFORE - 1), 'certificate_not_yet_valid 5/87');
  assert.equal(await detail(presented(), [KNOWN], NOT_AFTER + 1), 'certificate_expired 5/87');
  assert.equal(await detail(presented(), [KNOWN], NOT_AFTER + 1, true), 'allow');
});

test('no certificate that is refused falls back to the names beside it', async () => {
  assert.equal(await detail(presented(), []), 'certificate_unknown 5/87');
  assert.equal(await detail(presented(), [token(ID)]), 'certificate_unknown 5/87');
  assert.equal(await detail(presented(DER, 'failed')), 'certificate_verification_failed 5/87');
  assert.equal(
    await detail({ kind: 'unreadable', form: 'x', detail: 'junk' }),
    'certificate_unreadable 5/87',
  );
  assert.equal(
    await detail({ kind: 'name', form: 'x', commonName: 'c' }),
    'certificate_name_not_enabled 5/87',
  );
  assert.equal(await detail({ kind: 'none' }), 'allow', 'without one the names decide');
});

test('after the match as for any credentials', async () => {
  const with_ = (changes: Partial<CredentialsRecord>) => [{ ...KNOWN, ...changes }];
  assert.equal(await detail(presented(), with_({ device: undefined })), 'device_missing 5/87');
  assert.equal(await detail(presented(), with_({ notAfter: WITHIN })), 'credentials_expired 5/87');
  const lwm2m = { ...DEVICE, transportType: 'LWM2M' } as const;
  assert.equal(await detail(presented(), with_({ device: lwm2m })), 'profile_transport_mismatch 3/88');
});

test('bytes that are no certificate', async () => {
  const junk = Buffer.from('junk');
  const known = token(credentialsIdOf(junk), { credentialsType: 'X509_CERTIFICATE' });
  assert.equal(await detail(presented(junk), [known]), 'certificate_unreadable 5/87');
});

test('nothing at all is no certificate, although ThingsBoard can store one', async () => {
  const nothing = new Uint8Array();
  const known = token(credentialsIdOf(nothing), { credentialsType: 'X509_CERTIFICATE' });
  assert.equal(known.credentialsId, sha3(''));
  assert.equal(await detail(presented(nothing), [known], WITHIN, true), 'certificate_unreadable 5/87');
});

test('dates that cannot be read are not within', async () => {
  const broken = Buffer.from(DER);
  broken.write('19AB01', broken.indexOf('190101000000Z'));
  const known = token(credentialsIdOf(broken), { credentialsType: 'X509_CERTIFICATE' });
  assert.equal(await detail(presented(broken), [known]), 'certificate_unreadable 5/87');
});

test('what the endpoint did not check is believed only in the forms that are said', async () => {
  const attempt = attemptOf({ certificate: presented(DER, 'not_checked') });
  const decide = (forms: readonly string[]) =>
    resolve(
      attempt,
      contextOf(storeOf(KNOWN), { now: () => WITHIN, uncheckedCertificateForms: new Set(forms) }),
    );
  assert.equal(denied(await decide(['other'])).reason, 'certificate_not_checked');
  assert.equal(
    allowed(await decide(['test'])).expiresAt,
    NOT_AFTER,
    'and it holds as long as the certificate',
  );
});

test('the one common name goes along for topic rules', async () => {
  const context = contextOf(storeOf(KNOWN), { now: () => WITHIN });
  const decision = await resolve(attemptOf({ certificate: presented() }), context);
  assert.equal(allowed(decision).commonName, 'old-1');
});

test('a listener for certificates only', async () => {
  const context = contextOf(storeOf(token('t'), KNOWN), {
    now: () => WITHIN,
    provisionSessions: true,
    certificateOnly: (listener) => listener === '8883',
  });
  const on = async (changes: Parameters<typeof attemptOf>[0]) => {
    const decision = await resolve(attemptOf({ username: 't', ...changes }), context);
    return decision.outcome === 'deny' ? decision.reason : decision.outcome;
  };
  assert.equal(await on({ listener: '1883' }), 'allow');
  assert.equal(await on({ listener: '8883' }), 'certificate_required');
  assert.equal(await on({ listener: '8883', clientId: 'provision' }), 'certificate_required');
  assert.equal(await on({ listener: '8883', ignoredCertificates: ['x'] }), 'certificate_form_not_enabled');
  assert.equal(await on({ listener: '8883', certificate: presented() }), 'allow');
  const provision = { clientId: 'provision', certificate: presented() };
  assert.equal(await on({ ...provision, listener: '8883' }), 'provision_session_not_allowed');
  assert.equal(await on({ ...provision, listener: '1883' }), 'allow');

  const check = async (listener: string) => {
    const decision = await identify(attemptOf({ username: 't', listener }), context);
    return decision.outcome === 'deny' ? decision.reason : decision.outcome;
  };
  assert.equal(await check('1883'), 'allow');
  assert.equal(await check('8883'), 'certificate_required');
});
