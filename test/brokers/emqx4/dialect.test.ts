import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { emqx4 } from '../../../src/brokers/emqx4/dialect.ts';
import { deny } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { EVERY_DECISION } from '../../support/decisions.ts';
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

const BELIEVING = { ...PLAIN_SETTINGS, certificateForms: new Set(['emqx4_name']) };

const auth = endpointAt(emqx4, '/emqx4/auth');
const superuser = endpointAt(emqx4, '/emqx4/superuser');
const acl = endpointAt(emqx4, '/emqx4/acl');

function attempt(body: string, settings = PLAIN_SETTINGS) {
  return attemptOf(auth.read(post(body), settings));
}

describe('an auth request', () => {
  it('is a form, JSON, or a query', () => {
    for (const request of [
      post('clientid=c&username=u&password=p+1'),
      post('{"clientid":"c","username":"u","password":"p 1"}'),
      get('clientid=c&username=u&password=p%201'),
    ]) {
      const { clientId, username, password } = attemptOf(auth.read(request, PLAIN_SETTINGS));
      assert.deepEqual([clientId, username, password], ['c', 'u', 'p 1']);
    }
  });

  it('writes null or undefined where a value is missing', () => {
    for (const missing of ['null', 'undefined', '']) {
      const { username, password, peerAddress } = attempt(
        `clientid=c&username=${missing}&password=${missing}&ipaddr=${missing}`,
      );
      assert.deepEqual([username, password, peerAddress], [undefined, undefined, undefined]);
      assertUnreadable(
        () => auth.read(post(`clientid=${missing}&username=${missing}&password=p`), PLAIN_SETTINGS),
        /no field names the client/,
      );
    }
    assert.equal(attempt('clientid=c&username=nullx').username, 'nullx');
  });

  it('is refused when a known field comes twice', () => {
    assertUnreadable(() => auth.read(post('clientid=c&clientid=d'), PLAIN_SETTINGS), /clientid is repeated/);
    assertUnreadable(() => auth.read(get('clientid=c&username=&username=d'), PLAIN_SETTINGS), /is repeated/);
  });

  it('of a user name with a dollar sign in front is denied: EMQX 4 would check none of its topics', () => {
    const question = auth.read(post('clientid=c&username=%24SYS&password=p'), PLAIN_SETTINGS);
    assert.equal(denialOf(question).reason, 'not_supported');
    assert.equal(auth.answer(denialOf(question), question).status, 403);
    assert.equal(attempt('clientid=c&username=a%24&password=p').username, 'a$');
  });

  it('tells a certificate’s names, which count where they are enabled', () => {
    const body = 'clientid=c&username=u&common_name=dev-1&subject=CN%3Ddev-1';
    assert.equal(attempt(body).certificate, NO_CERTIFICATE);
    assert.deepEqual(attempt(body, BELIEVING).certificate, {
      kind: 'name',
      form: 'emqx4_name',
      commonName: 'dev-1',
      subject: 'CN=dev-1',
    });
    const none = 'clientid=c&username=u&common_name=undefined&subject=undefined';
    assert.equal(attempt(none, BELIEVING).certificate, NO_CERTIFICATE);
  });
});

describe('an acl request', () => {
  it('tells subscribe from publish by a number', () => {
    const body = 'username=u&clientid=c&ipaddr=127.0.0.1&topic=a%2F%23&mountpoint=undefined';
    const actionOf = (access: string) =>
      accessesOf(acl.read(post(`access=${access}&${body}`), PLAIN_SETTINGS)).map(({ action, topic }) => [
        action,
        topic,
      ]);
    assert.deepEqual(actionOf('1'), [['subscribe', 'a/#']]);
    assert.deepEqual(actionOf('2'), [['publish', 'a/#']]);
    for (const access of ['0', '3', 'publish', '', 'undefined']) {
      assertUnreadable(() => acl.read(post(`access=${access}&${body}`), PLAIN_SETTINGS), /access is neither/);
    }
    assertUnreadable(() => acl.read(post(body), PLAIN_SETTINGS), /access is missing/);
    assertUnreadable(() => acl.read(post('access=1&clientid=c'), PLAIN_SETTINGS), /topic is missing/);
  });
});

/** Section 9 of `emqx.md`, and the table in the plugin's `http_to_connack_error`. */
const CONNACK = new Map([
  [400, 'bad_username_or_password'],
  [401, 'bad_username_or_password'],
  [403, 'not_authorized'],
  [503, 'server_unavailable'],
]);

describe('answers', () => {
  it('to an auth request: 200 allows, the whole body "ignore" leaves it to others, the status says why not', () => {
    for (const decision of EVERY_DECISION) {
      const { status, body } = auth.answer(decision, undefined);
      if (decision.outcome === 'allow') assert.deepEqual([status, body], [200, '{"result":"allow"}']);
      else if (decision.outcome === 'no_opinion') assert.deepEqual([status, body], [200, 'ignore']);
      else if (decision.outcome === 'unavailable') assert.equal(CONNACK.get(status), 'server_unavailable');
      else if (decision.reason === 'request_unreadable') assert.equal(status, 400);
      else assert.equal(CONNACK.get(status), 'not_authorized', decision.reason);
    }
    const bad = auth.answer(deny('password_mismatch', [], { v3: 4, v5: 0x86 }), undefined);
    assert.equal(CONNACK.get(bad.status), 'bad_username_or_password');
    assert.equal(bad.body, '{"result":"deny","reason":"password_mismatch"}');
  });

  it('to an acl request are 200 for an allow alone, and never "ignore"', () => {
    for (const decision of EVERY_DECISION) {
      const { status, body } = acl.answer(decision, undefined);
      assert.equal(status === 200, decision.outcome === 'allow');
      assert.notEqual(body, 'ignore');
    }
  });

  it('never make a superuser: any 200 would', () => {
    for (const request of [post('clientid=c&username=admin'), post(''), post('?'), get('username=admin')]) {
      const question = superuser.read(request, PLAIN_SETTINGS);
      assert.equal(superuser.answer(denialOf(question), question).status, 403);
    }
    for (const decision of EVERY_DECISION.filter(({ outcome }) => outcome !== 'allow')) {
      assert.notEqual(superuser.answer(decision, undefined).status, 200);
    }
  });
});

test('hostile bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(hostileRequests(['clientid', 'username', 'password', 'topic', 'access', 'cn']), (request) => {
      for (const { read, answer } of emqx4.endpoints) {
        for (const settings of [PLAIN_SETTINGS, BELIEVING]) {
          const question = readOrRefuse(() => read(request, settings));
          assert.equal(answer(deny('request_unreadable'), question).status, 400);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
