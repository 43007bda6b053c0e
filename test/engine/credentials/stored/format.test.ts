import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCredentials } from '../../../../src/engine/credentials/stored/format.ts';
import { basicCredentialsId, sha3 } from '../../../../src/engine/credentials/stored/hash.ts';
import type { CredentialsType } from '../../../../src/model/device.ts';

function formatted(
  credentialsType: CredentialsType,
  credentialsValue: string | null,
  credentialsId: string | null = null,
) {
  return formatCredentials({ credentialsType, credentialsId, credentialsValue });
}

function errorOf(credentialsType: CredentialsType, value: unknown, id: string | null = null): string {
  const result = formatted(credentialsType, typeof value === 'string' ? value : JSON.stringify(value), id);
  return result.ok ? 'ok' : result.error;
}

test('an id is kept for tokens only', () => {
  assert.deepEqual(formatted('ACCESS_TOKEN', null, 't'), {
    ok: true,
    credentialsId: 't',
    credentialsValue: null,
  });
  assert.deepEqual(formatted('MQTT_BASIC', '{"clientId":"c","userName":"u","password":1.50} x', 'mine'), {
    ok: true,
    credentialsId: basicCredentialsId('c', 'u'),
    credentialsValue: '{"clientId":"c","userName":"u","password":"1.50"}',
  });
});

test('a certificate’s text is trimmed once to be stored, and again to be hashed', () => {
  const cut = '-----BEGIN\n CERTIFICATE-----x';
  assert.deepEqual(formatted('X509_CERTIFICATE', cut), {
    ok: true,
    credentialsId: sha3('x'),
    credentialsValue: '-----BEGIN CERTIFICATE-----x',
  });
});

test('text that no client can present is not saved', () => {
  assert.equal(errorOf('ACCESS_TOKEN', null, 'a\ud800'), 'UNPAIRED_SURROGATE');
  assert.equal(errorOf('ACCESS_TOKEN', null, 'a\0'), 'CONTROL_CHAR_CREDENTIALS_ID');
  for (const name of ['clientId', 'userName', 'password']) {
    assert.equal(
      errorOf('MQTT_BASIC', { clientId: 'c', userName: 'u', [name]: 'a\udc00' }),
      'UNPAIRED_SURROGATE',
    );
  }
  assert.equal(errorOf('MQTT_BASIC', { userName: '😀' }), 'ok');
});
