import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import type { WebhookRequest } from '../../../src/brokers/dialect.ts';
import { generic } from '../../../src/brokers/generic/dialect.ts';
import { GENERIC_CERTIFICATE } from '../../../src/engine/certificates/forms/bodies/generic-body.ts';
import { deny } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { hostileRequests } from '../../support/hostile-requests.ts';
import {
  accessesOf,
  assertUnreadable,
  attemptOf,
  endpointAt,
  post,
  readOrRefuse,
} from '../../support/questions.ts';

const BELIEVING = { ...PLAIN_SETTINGS, certificateForms: new Set([GENERIC_CERTIFICATE]) };

const connect = endpointAt(generic, '/v1/connect');
const authorize = endpointAt(generic, '/v1/authorize');

function json(fields: Record<string, unknown>): WebhookRequest {
  return post(JSON.stringify(fields));
}

function attempt(fields: Record<string, unknown>, settings = PLAIN_SETTINGS) {
  return attemptOf(connect.read(json(fields), settings));
}

function accesses(fields: Record<string, unknown>) {
  return accessesOf(authorize.read(json({ clientId: 'c', topic: 'a/b', ...fields }), PLAIN_SETTINGS));
}

describe('a connect request', () => {
  it('reads the spellings that people know', () => {
    for (const clientId of ['clientId', 'clientid', 'client_id']) {
      for (const username of ['username', 'userName', 'user_name', 'user']) {
        const read = attempt({ [clientId]: 'c', [username]: 'u', password: 'p' });
        assert.deepEqual([read.clientId, read.username, read.password], ['c', 'u', 'p']);
      }
    }
    const asForm = attemptOf(connect.read(post('clientid=c&username=u&password=p'), PLAIN_SETTINGS));
    assert.deepEqual([asForm.clientId, asForm.username, asForm.password], ['c', 'u', 'p']);
  });

  it('keeps empty texts: this caller can leave a field out', () => {
    const { username, password } = attempt({ clientId: 'c', username: '', password: '' });
    assert.deepEqual([username, password], ['', '']);
    assert.equal(attempt({ clientId: 'c', username: null }).username, undefined);
  });

  it('is refused when a field comes twice, under one name or two', () => {
    for (const body of [
      '{"username":"a","username":"b"}',
      '{"username":"a","user":"a"}',
      'clientid=a&client_id=a',
    ]) {
      assertUnreadable(() => connect.read(post(body), PLAIN_SETTINGS), /is repeated/);
    }
  });

  it('is refused, with a hint, when it names nobody', () => {
    for (const body of ['', '{}', 'null', '{"token":"x"}', '{"clientId":""}']) {
      assertUnreadable(
        () => connect.read(post(body), PLAIN_SETTINGS),
        /send clientId, username, password or/,
      );
    }
    assert.equal(attempt({ password: 'p' }).password, 'p');
  });
});

describe('a certificate in the body', () => {
  const pem = readFileSync(new URL('../../golden/pki/chain3.crt.pem', import.meta.url), 'utf8');
  const chain = readFileSync(new URL('../../golden/pki/chain3.chain.pem', import.meta.url), 'utf8');
  const base64 = pem.replaceAll(/-----[^-]+-----|\s/g, '');

  it('is read as PEM or Base64, with a chain as text or list, where that is switched on', () => {
    for (const fields of [
      { certificate: pem },
      { certificate: base64 },
      { certificate: [pem] },
      { certificate: pem, certificateChain: chain },
      { certificate: base64, certificateChain: [chain] },
    ]) {
      assert.equal(attempt({ clientId: 'c', ...fields }).certificate, NO_CERTIFICATE);
      const { certificate } = attempt(fields, BELIEVING);
      assert.ok(certificate.kind === 'certificate');
      assert.equal(Buffer.from(certificate.der).toString('base64'), base64);
      assert.equal(certificate.verification, 'not_checked');
      assert.equal(certificate.chain.length > 0, 'certificateChain' in fields);
    }
    const form = new URLSearchParams({ username: 'u', certificate: pem }).toString();
    assert.equal(attemptOf(connect.read(post(form), BELIEVING)).certificate.kind, 'certificate');
  });

  it('is as verified as the caller says', () => {
    const verificationOf = (certificateVerified: unknown) => {
      const { certificate } = attempt({ clientId: 'c', certificate: pem, certificateVerified }, BELIEVING);
      return certificate.kind === 'certificate' ? certificate.verification : certificate.kind;
    };
    assert.deepEqual([true, false, undefined].map(verificationOf), ['verified', 'failed', 'not_checked']);
    assert.deepEqual(['true', 'yes', 1].map(verificationOf), ['verified', 'unreadable', 'unreadable']);
  });

  it('that cannot be read is a denial of its own, and never none', () => {
    for (const certificate of ['!', 'AAAA', {}, [1], [pem, '!'], 1.5, true]) {
      assert.equal(attempt({ clientId: 'c', certificate }, BELIEVING).certificate.kind, 'unreadable');
    }
  });
});

describe('an authorize request', () => {
  const actionsOf = (fields: Record<string, unknown>) => accesses(fields).map(({ action }) => action);

  it('reads an action in words, under each name and in any case', () => {
    for (const name of ['action', 'access', 'acc']) {
      for (const word of ['publish', 'pub', 'write', 'PUBLISH'])
        assert.deepEqual(actionsOf({ [name]: word }), ['publish']);
      for (const word of ['subscribe', 'sub']) assert.deepEqual(actionsOf({ [name]: word }), ['subscribe']);
      for (const word of ['read', 'receive']) assert.deepEqual(actionsOf({ [name]: word }), ['receive']);
    }
  });

  it('reads numbers by the name they stand under: EMQX’s, or mosquitto-go-auth’s', () => {
    assert.deepEqual([actionsOf({ access: 1 }), actionsOf({ access: '2' })], [['subscribe'], ['publish']]);
    const acc = [1, 2, 3, '4'].map((number) => actionsOf({ acc: number }));
    assert.deepEqual(acc, [['receive'], ['publish'], ['publish', 'subscribe'], ['subscribe']]);
  });

  it('is refused for no action, several, or another, and without a topic', () => {
    const read = (fields: Record<string, unknown>) => () => authorize.read(json(fields), PLAIN_SETTINGS);
    assertUnreadable(read({ clientId: 'c', topic: 't' }), /action is missing/);
    assertUnreadable(read({ clientId: 'c', topic: 't', action: 'publish', access: 2 }), /action is repeated/);
    assertUnreadable(read({ clientId: 'c', topic: 't', action: 'subscribe', acc: 1 }), /several names/);
    for (const action of ['', 'all', '3', 'constructor', true]) {
      assertUnreadable(read({ clientId: 'c', topic: 't', action }), /neither publish nor subscribe/);
    }
    assertUnreadable(read({ clientId: 'c', action: 'publish' }), /topic is missing/);
  });

  it('brings QoS, retain and the password, which is then checked again', () => {
    const [access] = accesses({ action: 'publish', qos: 1, retain: true, password: 'p' });
    assert.deepEqual([access?.qos, access?.retain, access?.password], [1, true, 'p']);
    const [other] = accesses({ action: 'publish', qos: 7 });
    assert.deepEqual([other?.qos, other?.retain], [undefined, undefined]);
  });
});

test('hostile bytes are read or refused, never anything else', () => {
  const names = [
    'clientId',
    'username',
    'topic',
    'action',
    'acc',
    'certificate',
    'certificateChain',
    'certificateVerified',
  ];
  fc.assert(
    fc.property(hostileRequests(names), (request) => {
      for (const { read, answer } of generic.endpoints) {
        for (const settings of [PLAIN_SETTINGS, BELIEVING]) {
          const question = readOrRefuse(() => read(request, settings));
          assert.equal(answer(deny('request_unreadable'), question).status, 400);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
