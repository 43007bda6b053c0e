import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { formatLwm2m } from '../../../../src/engine/credentials/stored/format-lwm2m.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PUBLIC = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const SECRET = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RSA_PUBLIC = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

const OPEN = { securityMode: 'NO_SEC' };
const CLIENT = { securityConfigClientMode: 'NO_SEC', endpoint: 'e' };

function body(client: unknown, bootstrapServer: unknown = OPEN, lwm2mServer: unknown = OPEN): string {
  return JSON.stringify({ client, bootstrap: { bootstrapServer, lwm2mServer } });
}

function saved(value: string) {
  const result = formatLwm2m(value);
  assert.ok(result.ok, JSON.stringify(result));
  return {
    id: result.credentialsId,
    value: JSON.parse(result.credentialsValue),
    text: result.credentialsValue,
  };
}

function errorOf(value: string | null): string {
  const result = formatLwm2m(value);
  return result.ok ? 'ok' : result.error;
}

test('faults in ThingsBoard’s order: each entry is looked at before the next one is missed', () => {
  const bad = { securityMode: 'RPK' };
  assert.equal(errorOf(body({ ...CLIENT, endpoint: ' ' }, null, null)), 'LWM2M_ENDPOINT_BLANK');
  assert.equal(errorOf(JSON.stringify({ client: CLIENT })), 'LWM2M_BOOTSTRAP_MISSING');
  assert.equal(errorOf(body(CLIENT, null, bad)), 'LWM2M_BOOTSTRAP_SERVER_MISSING');
  assert.equal(errorOf(body(CLIENT, bad, null)), 'LWM2M_BOOTSTRAP_SERVER_RPK_PUBLIC_BLANK');
  assert.equal(errorOf(body(CLIENT, OPEN, null)), 'LWM2M_SERVER_MISSING');
  assert.equal(errorOf(body(CLIENT, OPEN, bad)), 'LWM2M_LWM2M_SERVER_RPK_PUBLIC_BLANK');
});

test('what Jackson cannot read, wherever it stands', () => {
  const server = { securityMode: 'PSK', clientPublicKeyOrId: 'i', clientSecretKey: {} };
  const unreadable = [
    '',
    '[]',
    '"a"',
    JSON.stringify({ client: CLIENT, other: 1 }),
    JSON.stringify({ client: CLIENT, bootstrap: { other: OPEN } }),
    JSON.stringify({ client: CLIENT, bootstrap: [] }),
    body('text'),
    body({ endpoint: 'e' }),
    body({ ...CLIENT, securityConfigClientMode: 'psk' }),
    body({ ...CLIENT, endpoint: ['e'] }),
    body(CLIENT, server),
    body(CLIENT, OPEN, 5),
  ];
  for (const value of unreadable) assert.equal(errorOf(value), 'LWM2M_BODY_INVALID', value);
  assert.equal(errorOf(null), 'LWM2M_BODY_NULL');
  assert.equal(errorOf(' null'), 'LWM2M_BODY_NULL');
  assert.equal(errorOf(body(null)), 'LWM2M_CLIENT_MISSING');
});

test('unknown members of entries, and members of other modes, are dropped whatever they are', () => {
  const client = { ...CLIENT, cert: {}, other: [1] };
  assert.deepEqual(saved(body(client, { ...OPEN, clientSecretKey: {} })).value.client, CLIENT);
});

test('numbers become text as written, and what follows the value is dropped', () => {
  const { id, value } = saved(`${body(CLIENT).replace('"e"', '1.50')} trailing`);
  assert.equal(id, '1.50');
  assert.equal(value.client.endpoint, '1.50');
});

test('raw public keys lose their armour; armour around nothing is a wrong key, not a missing one', () => {
  const rpk = (key: string) => body({ ...CLIENT, securityConfigClientMode: 'RPK', key });
  const armoured = `-----BEGIN PUBLIC KEY-----\r\n${PUBLIC}\n-----END PUBLIC KEY-----\n`;
  assert.deepEqual(saved(rpk(armoured)).value.client, {
    securityConfigClientMode: 'RPK',
    endpoint: 'e',
    key: PUBLIC,
    decoded: PUBLIC,
  });
  assert.equal(
    errorOf(rpk('-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----')),
    'LWM2M_CLIENT_RPK_KEY_INVALID',
  );
  assert.equal(errorOf(rpk(' \n')), 'LWM2M_CLIENT_RPK_KEY_BLANK');
  assert.equal(errorOf(rpk(RSA_PUBLIC)), 'LWM2M_CLIENT_RPK_KEY_INVALID');
  assert.equal(errorOf(rpk(` ${PUBLIC}`)), 'ok', 'the decoder passes over what is not Base64');
});

test('a server’s secret loses armour and line breaks too', () => {
  const armoured = `-----BEGIN EC PRIVATE KEY-----\n${SECRET}\n-----END EC PRIVATE KEY-----`;
  const server = { securityMode: 'RPK', clientPublicKeyOrId: PUBLIC, clientSecretKey: armoured };
  assert.deepEqual(saved(body(CLIENT, server)).value.bootstrap.bootstrapServer, {
    ...server,
    clientSecretKey: SECRET,
  });
  const blank = { ...server, clientSecretKey: ' ' };
  assert.equal(errorOf(body(CLIENT, blank)), 'LWM2M_BOOTSTRAP_SERVER_RPK_SECRET_INVALID');
  assert.equal(
    errorOf(body(CLIENT, { ...server, clientSecretKey: PUBLIC })),
    'LWM2M_BOOTSTRAP_SERVER_RPK_SECRET_INVALID',
  );
});

test('an X.509 client may go without a certificate and is then known by its endpoint', () => {
  const x509 = (more: object) => body({ ...CLIENT, securityConfigClientMode: 'X509', ...more });
  const bare = { securityConfigClientMode: 'X509', endpoint: 'e' };
  assert.deepEqual(saved(x509({ key: 'k' })).value.client, { ...bare, key: 'k', cert: null, decoded: null });
  assert.deepEqual(saved(x509({ cert: '' })).value.client, { ...bare, key: null, cert: '', decoded: '' });
  assert.equal(saved(x509({})).id, 'e');
  assert.equal(
    errorOf(x509({ cert: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----' })),
    'LWM2M_CLIENT_X509_INVALID',
  );
});

test('pre-shared keys are kept as given, to the letter', () => {
  const psk = { ...CLIENT, securityConfigClientMode: 'PSK', identity: 'i', key: '0'.repeat(96) };
  const value = `${body(psk)}\n `;
  assert.deepEqual(formatLwm2m(value), { ok: true, credentialsId: 'i', credentialsValue: value });
  assert.equal(errorOf(body({ ...psk, key: '0'.repeat(160) })), 'LWM2M_CLIENT_PSK_KEY_LENGTH');
  assert.equal(errorOf(body({ ...psk, key: `${'0'.repeat(31)}\n` })), 'LWM2M_CLIENT_PSK_KEY_NOT_HEX');
});
