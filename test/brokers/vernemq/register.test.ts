import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { vernemq } from '../../../src/brokers/vernemq/dialect.ts';
import { VERNEMQ_CLIENT_CERT } from '../../../src/engine/certificates/forms/bodies/vernemq.ts';
import { CONNACK_NOT_AUTHORIZED, type Decision } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import type { Question } from '../../../src/model/question.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { ALLOW } from '../../support/decisions.ts';
import { assertUnreadable, attemptOf, denialOf, endpointAt, post } from '../../support/questions.ts';
import { hookRequest, METER, METER_ID } from '../../support/vernemq.ts';

const MOUNTING = { ...PLAIN_SETTINGS, perDeviceMountpoint: true };
const BELIEVING = { ...PLAIN_SETTINGS, certificateForms: new Set([VERNEMQ_CLIENT_CERT]) };

const { read, answer } = endpointAt(vernemq, '/vernemq');

const REGISTER = { client_id: 'c', username: 'u', password: 'p', mountpoint: '', peer_addr: '::1' };
const PUBLISH = { client_id: 'c', username: 'u', mountpoint: '', topic: 'a', qos: 1, retain: true };

/** What the plugin would go on with. */
function answered(question: Question, decision: Decision): Record<string, unknown> {
  return JSON.parse(answer(decision, question).body);
}

describe('a register', () => {
  it('tells MQTT 5 by its hook', () => {
    const version = (hook: string) =>
      attemptOf(read(hookRequest(hook, REGISTER), PLAIN_SETTINGS)).protocolVersion;
    assert.deepEqual([version('auth_on_register'), version('auth_on_register_m5')], [undefined, 5]);
  });

  it('is refused as malformed where VerneMQ put U+FFFD for bytes', () => {
    for (const broken of [{ password: 'a\ufffd' }, { username: '\ufffd' }, { client_id: 'x\ufffdy' }]) {
      const question = read(hookRequest('auth_on_register', { ...REGISTER, ...broken }), PLAIN_SETTINGS);
      assert.equal(denialOf(question).reason, 'malformed_string');
    }
  });

  it('reads the certificate where its form is enabled, and tells that it did not elsewhere', () => {
    const request = hookRequest('auth_on_register', { ...REGISTER, client_cert: 'AAAA' });
    assert.equal(attemptOf(read(request, BELIEVING)).certificate.kind, 'unreadable');
    const { certificate, ignoredCertificates } = attemptOf(read(request, PLAIN_SETTINGS));
    assert.equal(certificate, NO_CERTIFICATE);
    assert.deepEqual(ignoredCertificates, ['client_cert, a certificate as vernemq_client_cert']);
    for (const odd of [5, {}, ['AAAA'], true]) {
      const strange = hookRequest('auth_on_register', { ...REGISTER, client_cert: odd });
      assert.equal(attemptOf(read(strange, BELIEVING)).certificate.kind, 'unreadable');
    }
    const none = hookRequest('auth_on_register', { ...REGISTER, client_cert: null });
    assert.equal(attemptOf(read(none, BELIEVING)).certificate, NO_CERTIFICATE);
  });

  it('is refused when it is no JSON object, names no client, or names it twice', () => {
    const bodies = [
      ['client_id=c', /not JSON/],
      ['[]', /not a JSON object/],
      ['{}', /client_id is missing/],
      ['{"client_id":"a","client_id":"b"}', /client_id is repeated/],
      ['{"client_id":{}}', /client_id is not a text/],
    ] as const;
    for (const [body, message] of bodies) {
      const request = post(body, { 'vernemq-hook': 'auth_on_register' });
      assertUnreadable(() => read(request, PLAIN_SETTINGS), message);
    }
  });
});

describe('the answer to a register', () => {
  const plain = read(hookRequest('auth_on_register', REGISTER), PLAIN_SETTINGS);
  const mounted = read(hookRequest('auth_on_register', REGISTER), MOUNTING);

  it('gives the session a name that says who it is', () => {
    assert.deepEqual(answered(plain, METER), {
      result: 'ok',
      modifiers: { username: `${METER_ID}~sealed_Text-7` },
    });
    assert.deepEqual(answered(plain, ALLOW), { result: 'ok' }, 'never an empty object of modifiers');
    const session = { ...ALLOW, passport: 'p' };
    assert.deepEqual(answered(plain, session).modifiers, { username: 'provisioning~p' });
  });

  it('mounts each device apart where that is asked for, with both modifiers that it takes', () => {
    assert.deepEqual(answered(mounted, METER).modifiers, {
      username: `${METER_ID}~sealed_Text-7`,
      client_id: 'c',
      mountpoint: METER_ID,
    });
    assert.deepEqual(answered(mounted, ALLOW), { result: 'ok' });
  });

  it('ends the session when the credentials end', () => {
    const until = (milliseconds: number) =>
      answered(plain, { ...METER, expiresAt: Date.now() + milliseconds }).modifiers as {
        readonly max_connection_lifetime: number;
      };
    const { max_connection_lifetime: seconds } = until(10_500);
    assert.ok(seconds === 10 || seconds === 9);
    assert.equal(until(1e14).max_connection_lifetime, 4_294_967);
    assert.deepEqual(answered(plain, { ...METER, expiresAt: Date.now() + 900 }), {
      result: { error: 'credentials_expired' },
    });
  });

  it('leaves unknown clients to the next plugin where that is enabled, at a register only', () => {
    const unknown: Decision = {
      outcome: 'no_opinion',
      reason: 'credentials_unknown',
      connack: CONNACK_NOT_AUTHORIZED,
      countsAsFailure: false,
      steps: [],
    };
    assert.deepEqual(answered(plain, unknown), { result: 'next' });
    const publish = read(hookRequest('auth_on_publish', PUBLISH), PLAIN_SETTINGS);
    assert.deepEqual(answered(publish, unknown), { result: { error: 'credentials_unknown' } });
  });
});
