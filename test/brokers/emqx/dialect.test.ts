import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { emqx } from '../../../src/brokers/emqx/dialect.ts';
import { deny } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import {
  ASKED,
  access,
  attempt,
  BELIEVING,
  BELIEVING_BOTH,
  BELIEVING_NAMES,
  connect,
  json,
  placeholder,
  topic,
} from '../../support/emqx.ts';
import { hostileRequests } from '../../support/hostile-requests.ts';
import { assertUnreadable, attemptOf, denialOf, get, post, readOrRefuse } from '../../support/questions.ts';

describe('an authentication request', () => {
  it('takes an empty text for absent, as EMQX sends nothing else for it', () => {
    const { clientId, username, password, peerAddress, listener } = attempt({
      clientid: 'c',
      username: '',
      password: '',
      peerhost: '',
      listener: '',
    });
    assert.deepEqual([clientId, username, password], ['c', undefined, undefined]);
    assert.deepEqual([peerAddress, listener], [undefined, undefined]);
  });

  it('knows fields by the names that people give them', () => {
    assert.equal(attempt({ client_id: 'c', username: 'u' }).clientId, 'c');
    assert.equal(attempt({ clientId: 'c', user_name: 'u' }).username, 'u');
    assert.equal(attempt({ clientid: 'c', listener: 'tcp:default' }).listener, 'tcp:default');
  });

  it('is refused when a known field comes twice, under one name or several', () => {
    for (const body of ['clientid=a&clientid=b', 'clientid=a&client_id=a', 'password=a&password=a']) {
      assertUnreadable(() => connect.read(post(body), PLAIN_SETTINGS), /is repeated/);
      assertUnreadable(() => connect.read(get(body), PLAIN_SETTINGS), /is repeated/);
    }
  });

  it('reads POST from the body alone: the query is the url’s own', () => {
    const request = { ...json({ clientid: 'c' }), query: 'username=alice&password=x' };
    assert.equal(attemptOf(connect.read(request, PLAIN_SETTINGS)).username, undefined);
  });

  it('reads nothing from headers, into which 5.8.9 lets a client splice lines', () => {
    const headers = { username: 'x', cert_pem: 'MIIC', 'x-client-cert': 'MIIC', authorization: 'Bearer x' };
    const { username, certificate } = attemptOf(
      connect.read(post('{"clientid":"c"}', headers), BELIEVING_BOTH),
    );
    assert.deepEqual([username, certificate], [undefined, NO_CERTIFICATE]);
  });

  it('is refused when it names nobody, as an authenticator without a body makes it', () => {
    for (const body of ['', '{}', '{"clientid":"","username":"","password":""}', '{"mix":"u=alice"}']) {
      assertUnreadable(() => connect.read(post(body), PLAIN_SETTINGS), /the authenticator needs a body/);
    }
  });
});

describe('a placeholder that EMQX left as it is', () => {
  it('is no credential but a fault of the configuration, and the decision says where', () => {
    for (const [name, field] of [
      ['clientid', 'clientid'],
      ['client_id', 'clientid'],
      ['username', 'username'],
      ['password', 'password'],
    ] as const) {
      const sent = { clientid: 'c', username: 'u', [name]: placeholder('client_attrs.token') };
      if (name === 'client_id') sent.clientid = '';
      const { clientid, ...others } = sent;
      const question = connect.read(json(clientid === '' ? others : sent), PLAIN_SETTINGS);
      const denial = denialOf(question);
      assert.equal(denial.reason, 'placeholder_not_filled');
      assert.match(denial.steps[0]?.detail ?? '', new RegExp(`^field ${field} holds a placeholder`));
      assert.equal(connect.answer(denial, question).body, '{"result":"deny"}');
    }
    assert.equal(
      denialOf(topic.read(json({ ...ASKED, username: placeholder('username') }), PLAIN_SETTINGS)).reason,
      'placeholder_not_filled',
    );
  });

  it('is as good as nothing in a field that adds to the picture', () => {
    const { peerAddress, listener } = attempt({
      clientid: 'c',
      peerhost: placeholder('peerhost'),
      listener: placeholder('listener'),
    });
    assert.deepEqual([peerAddress, listener], [undefined, undefined]);
    const asked = access({
      ...ASKED,
      qos: placeholder('qos'),
      retain: placeholder('retain'),
      passport: placeholder('client_attrs.thingpass'),
    });
    assert.deepEqual([asked?.qos, asked?.retain, asked?.passport], [undefined, undefined, undefined]);
  });

  it('counts in a certificate field only where that form is switched on', () => {
    const fields = {
      clientid: 'c',
      cert_pem: placeholder('cert_pem'),
      cert_common_name: placeholder('cert_common_name'),
    };
    assert.equal(attempt(fields).certificate, NO_CERTIFICATE);
    for (const settings of [BELIEVING, BELIEVING_NAMES]) {
      assert.equal(denialOf(connect.read(json(fields), settings)).reason, 'placeholder_not_filled');
    }
  });

  it('is not every text with a dollar sign', () => {
    for (const password of [
      '$',
      '$' + '{',
      placeholder('a').slice(0, -1),
      `x${placeholder('a')}`,
      `${placeholder('a')}x`,
      '$}',
      '{a}',
    ]) {
      assert.equal(attempt({ username: 'u', password }).password, password);
    }
  });
});

describe('an authorization request', () => {
  it('tells the action by its word or by its number', () => {
    assert.equal(access({ ...ASKED, action: 'subscribe' }).action, 'subscribe');
    const { action: _, ...others } = ASKED;
    assert.equal(access({ ...others, access: '1' }).action, 'subscribe');
    assert.equal(access({ ...others, access: 2 }).action, 'publish');
    for (const action of ['', 'PUBLISH', 'all', '3', placeholder('action'), true]) {
      assertUnreadable(() => topic.read(json({ ...ASKED, action }), PLAIN_SETTINGS), /action is neither/);
    }
    assertUnreadable(() => topic.read(json(others), PLAIN_SETTINGS), /access is missing/);
  });

  it('reads QoS and retain as texts, and does without them', () => {
    assert.deepEqual(
      [access({ ...ASKED, qos: '2' }).qos, access({ ...ASKED, qos: '3' }).qos],
      [2, undefined],
    );
    const retains = ['true', 'false', ''].map((retain) => access({ ...ASKED, retain }).retain);
    assert.deepEqual(retains, [true, false, undefined]);
  });

  it('finds the passport under each of its names', () => {
    for (const name of ['client_attrs__thingpass', 'client_attrs.thingpass', 'passport']) {
      assert.equal(access({ ...ASKED, [name]: 'sealed' }).passport, 'sealed');
    }
    assert.equal(access({ ...ASKED, client_attrs__thingpass: '' }).passport, undefined);
  });

  it('is refused without a topic, or with bytes for one that are no text', () => {
    const { topic: _, ...others } = ASKED;
    assertUnreadable(() => topic.read(json(others), PLAIN_SETTINGS), /topic is missing/);
    const bytes = post('clientid=c&username=u&action=publish&topic=%C3', {});
    assertUnreadable(() => topic.read(bytes, PLAIN_SETTINGS), /topic is not UTF-8/);
  });
});

test('hostile bytes are read or refused, never anything else', () => {
  const names = [
    'clientid',
    'username',
    'password',
    'topic',
    'action',
    'cert_pem',
    'cert_common_name',
    'passport',
  ];
  fc.assert(
    fc.property(hostileRequests(names), (request) => {
      for (const { read, answer } of emqx.endpoints) {
        for (const settings of [PLAIN_SETTINGS, BELIEVING_BOTH]) {
          const question = readOrRefuse(() => read(request, settings));
          const reply = answer(deny('request_unreadable'), question);
          assert.ok(reply.status === 404 || reply.body === '{"result":"deny"}');
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
