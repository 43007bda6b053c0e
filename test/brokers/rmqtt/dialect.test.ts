import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { WebhookRequest } from '../../../src/brokers/dialect.ts';
import { rmqtt } from '../../../src/brokers/rmqtt/dialect.ts';
import { deny } from '../../../src/model/decision.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { ALLOW } from '../../support/decisions.ts';
import { hostileRequests } from '../../support/hostile-requests.ts';
import {
  accessesOf,
  assertUnreadable,
  attemptOf,
  denialOf,
  endpointAt,
  get,
  post,
  readOrRefuse,
} from '../../support/questions.ts';

const BELIEVING = { ...PLAIN_SETTINGS, certificateForms: new Set(['rmqtt_subject']) };

const auth = endpointAt(rmqtt, '/rmqtt/auth');
const acl = endpointAt(rmqtt, '/rmqtt/acl');
const subjectAuth = endpointAt(rmqtt, '/rmqtt/subject/auth');
const subjectAcl = endpointAt(rmqtt, '/rmqtt/subject/acl');

function unreadable(endpoint: typeof auth, request: WebhookRequest, message: RegExp): void {
  assertUnreadable(() => endpoint.read(request, PLAIN_SETTINGS), message);
}

describe('a login', () => {
  it('reads the parameters in any order, from form, JSON and query, a plus being a blank', () => {
    for (const request of [
      post('password=a+b&protocol=5&username=u&clientid=c'),
      post('{"clientid":"c","password":"a b","username":"u","protocol":"5"}'),
      get('username=u&clientid=c&protocol=5&password=a%20b'),
    ]) {
      const { clientId, username, password, protocolVersion } = attemptOf(auth.read(request, PLAIN_SETTINGS));
      assert.deepEqual([clientId, username, password, protocolVersion], ['c', 'u', 'a b', 5]);
    }
  });

  it('knows no protocol where the session could not tell', () => {
    const { protocolVersion } = attemptOf(auth.read(post('clientid=c&protocol=%25r'), PLAIN_SETTINGS));
    assert.equal(protocolVersion, undefined);
  });

  it('is refused when a parameter is repeated, or none names the client', () => {
    unreadable(auth, post('clientid=c&username=u&username=v'), /username is repeated/);
    unreadable(auth, post('clientid=c&clientId=d'), /clientid is repeated/);
    unreadable(auth, post('clientid=&username=&password=&protocol=4'), /needs its params/);
    unreadable(auth, get(''), /needs its params/);
  });
});

describe('a topic question', () => {
  it('tells publish from subscribe by number and nothing else', () => {
    for (const [access, action] of [
      ['1', 'subscribe'],
      ['2', 'publish'],
    ] as const) {
      const [one] = accessesOf(acl.read(post(`clientid=c&access=${access}&topic=a/b`), PLAIN_SETTINGS));
      assert.equal(one?.action, action);
    }
    for (const access of ['', '0', '3', '%25A', 'publish', '12']) {
      unreadable(acl, post(`clientid=c&access=${access}&topic=a`), /neither 1 nor 2/);
    }
    unreadable(acl, post('clientid=c&topic=a'), /access is missing/);
    unreadable(acl, post('clientid=c&access=2'), /topic is missing/);
    unreadable(acl, post('clientid=c&access=2&topic=%FF'), /not UTF-8/);
    unreadable(acl, post('clientid=&access=2&topic=a'), /needs its params/);
  });

  it('never takes a password for proof: the placeholder is empty there', () => {
    const [one] = accessesOf(acl.read(post('clientid=c&access=2&topic=a&password='), PLAIN_SETTINGS));
    assert.ok(one !== undefined && !('password' in one));
  });

  it('is refused where the name is the topic, as RMQTT makes it of the user name %t', () => {
    unreadable(acl, post('clientid=c&username=bob&access=2&topic=bob'), /topic itself/);
    unreadable(acl, post('clientid=bob&username=u&access=1&topic=bob'), /topic itself/);
  });
});

describe('the urls for certificate subjects', () => {
  const subject = 'C=DE, O=Acme, CN=device-0001';
  const login = post(new URLSearchParams({ clientid: 'c', username: subject, password: 'own' }).toString());

  it('read the subject as a name, and neither a user name nor a password', () => {
    const { username, password, certificate } = attemptOf(subjectAuth.read(login, BELIEVING));
    assert.deepEqual([username, password], [undefined, undefined]);
    assert.deepEqual(certificate, { kind: 'name', form: 'rmqtt_subject', subject });
    const asked = { clientid: 'c', username: subject, access: '2', topic: 'a' };
    const [one] = accessesOf(subjectAcl.read(post(JSON.stringify(asked)), BELIEVING));
    assert.deepEqual([one?.username, one?.certificate], [undefined, certificate]);
  });

  it('refuse everybody where the form is not enabled', () => {
    for (const { read } of [subjectAuth, subjectAcl]) {
      const request = post('clientid=c&username=CN%3Dx&access=2&topic=a');
      assertUnreadable(() => read(request, PLAIN_SETTINGS), /not enabled/);
    }
  });

  it('let nobody in without a subject, nor as a provisioning session', () => {
    const none = attemptOf(subjectAuth.read(post('clientid=c&username='), BELIEVING));
    assert.equal(none.certificate.kind, 'unreadable');
    for (const { read } of [subjectAuth, subjectAcl]) {
      const request = post('clientid=provision&username=CN%3Dx&access=2&topic=/provision/request');
      assert.equal(denialOf(read(request, BELIEVING)).reason, 'provision_session_not_allowed');
    }
  });

  it('are not reached by a user name elsewhere', () => {
    assert.equal(attemptOf(auth.read(login, BELIEVING)).certificate.kind, 'none');
  });
});

it('refuses with 200 and exactly deny: every other status would let the client in', () => {
  for (const { answer } of rmqtt.endpoints) {
    for (const reason of ['credentials_unknown', 'guard_refused', 'request_unreadable'] as const) {
      const { status, headers, body } = answer(deny(reason), undefined);
      assert.equal(status, 200);
      assert.equal(body, '{"result":"deny"}');
      assert.match(headers['content-type'] ?? '', /^application\/json/);
    }
  }
});

it('an end comes with an empty list, without which RMQTT ignores it', () => {
  const body = auth.answer({ ...ALLOW, expiresAt: 4_102_444_800_999 }, undefined).body;
  assert.deepEqual(JSON.parse(body), { result: 'allow', acl: [], expire_at: 4_102_444_800 });
});

it('hostile bytes are read or refused, never anything else', () => {
  const names = ['clientid', 'username', 'password', 'access', 'topic', 'protocol', 'ipaddr'];
  fc.assert(
    fc.property(hostileRequests(names), (request) => {
      for (const { read } of rmqtt.endpoints) {
        for (const settings of [PLAIN_SETTINGS, BELIEVING]) readOrRefuse(() => read(request, settings));
      }
    }),
    { numRuns: 2_000 },
  );
});
