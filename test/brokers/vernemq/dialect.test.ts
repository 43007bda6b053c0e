import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { WebhookReply } from '../../../src/brokers/dialect.ts';
import { vernemq } from '../../../src/brokers/vernemq/dialect.ts';
import { VERNEMQ_CLIENT_CERT } from '../../../src/engine/certificates/forms/bodies/vernemq.ts';
import { type Decision, deny } from '../../../src/model/decision.ts';
import type { Question } from '../../../src/model/question.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { hostileRequests } from '../../support/hostile-requests.ts';
import {
  accessesOf,
  assertUnreadable,
  denialOf,
  endpointAt,
  post,
  readOrRefuse,
} from '../../support/questions.ts';
import { hookRequest, METER_ID } from '../../support/vernemq.ts';

const MOUNTING = { ...PLAIN_SETTINGS, perDeviceMountpoint: true };
const BELIEVING = { ...PLAIN_SETTINGS, certificateForms: new Set([VERNEMQ_CLIENT_CERT]) };

const { read, answer } = endpointAt(vernemq, '/vernemq');

const REGISTER = { client_id: 'c', username: 'u', password: 'p', mountpoint: '', peer_addr: '::1' };
const SUBSCRIBE = { client_id: 'c', username: 'u', mountpoint: '', topics: [{ topic: 'a', qos: 1 }] };
const PUBLISH = { client_id: 'c', username: 'u', mountpoint: '', topic: 'a', qos: 1, retain: true };

/** What the plugin would go on with. */
function answered(question: Question | undefined, decision: Decision): Record<string, unknown> {
  return bodyOf(answer(decision, question));
}

function bodyOf(reply: WebhookReply): Record<string, unknown> {
  return JSON.parse(reply.body);
}

describe('the header vernemq-hook', () => {
  it('tells the hooks apart', () => {
    assert.equal(read(hookRequest('auth_on_register', REGISTER), PLAIN_SETTINGS).kind, 'connect');
    assert.equal(read(hookRequest('auth_on_register_m5', REGISTER), PLAIN_SETTINGS).kind, 'connect');
    assert.equal(read(hookRequest('auth_on_publish', PUBLISH), PLAIN_SETTINGS).kind, 'topic');
    assert.equal(read(hookRequest('auth_on_subscribe_m5', SUBSCRIBE), PLAIN_SETTINGS).kind, 'topic');
  });

  it('refuses where it is unknown or missing: nobody knows what such a hook would decide', () => {
    for (const hook of ['', 'auth_on_everything', 'AUTH_ON_REGISTER', 'auth_on_register, auth_on_publish']) {
      assertUnreadable(() => read(hookRequest(hook, REGISTER), PLAIN_SETTINGS), /names no hook/);
    }
    assertUnreadable(() => read(post('{}'), PLAIN_SETTINGS), /names no hook/);
    assert.deepEqual(answered(undefined, deny('request_unreadable')), {
      result: { error: 'request_unreadable' },
    });
  });

  it('settles notifications without a look at them', () => {
    for (const hook of ['on_register', 'on_publish_m5', 'on_client_gone', 'on_session_expired']) {
      const request = { ...hookRequest(hook, {}), body: Buffer.from('not JSON') };
      const question = read(request, PLAIN_SETTINGS);
      assert.ok(question.kind === 'settled');
      assert.deepEqual(answered(question, question.decision), {});
    }
  });

  it('refuses enhanced authentication, which needs an exchange', () => {
    assert.equal(denialOf(read(hookRequest('on_auth_m5', {}), PLAIN_SETTINGS)).reason, 'not_supported');
  });
});

describe('a publish or subscribe', () => {
  const session = { username: `${METER_ID}~sealed_Text-7`, mountpoint: METER_ID };

  it('is asked by the passport that the register answer gave', () => {
    const [access] = accessesOf(
      read(hookRequest('auth_on_publish', { ...PUBLISH, ...session }), PLAIN_SETTINGS),
    );
    assert.deepEqual(
      [access?.passport, access?.username, access?.topic, access?.qos, access?.retain],
      ['sealed_Text-7', undefined, 'a', 1, true],
    );
  });

  it('is asked by the names where the user name is none of ours', () => {
    for (const username of ['u', METER_ID, `${METER_ID}~`, `x${METER_ID}~p`, `${METER_ID}~p/q`, '~p', null]) {
      const request = hookRequest('auth_on_publish', { ...PUBLISH, username });
      const [access] = accessesOf(read(request, PLAIN_SETTINGS));
      assert.equal(access?.passport, undefined, String(username));
      assert.equal(access?.username, username ?? undefined);
    }
  });

  it('holds every filter of a SUBSCRIBE', () => {
    const topics = [
      { topic: '$share/g/a/#', qos: 1 },
      { topic: 'b', qos: 0, no_local: true },
      { topic: 'c', qos: 7 },
    ];
    const accesses = accessesOf(
      read(hookRequest('auth_on_subscribe_m5', { ...SUBSCRIBE, topics }), PLAIN_SETTINGS),
    );
    assert.deepEqual(
      accesses.map(({ topic, qos }) => [topic, qos]),
      [
        ['$share/g/a/#', 1],
        ['b', 0],
        ['c', undefined],
      ],
    );
  });

  it('is refused with a list that is none, or longer than any honest one', () => {
    for (const topics of [undefined, [], 'a', {}, [null], ['a'], [{ topic: 5 }], [{}]]) {
      const request = hookRequest('auth_on_subscribe', { ...SUBSCRIBE, topics });
      assertUnreadable(() => read(request, PLAIN_SETTINGS), /field topics/);
    }
    const topics = Array.from({ length: 1_001 }, () => ({ topic: 'a', qos: 0 }));
    const question = read(hookRequest('auth_on_subscribe', { ...SUBSCRIBE, topics }), PLAIN_SETTINGS);
    assert.equal(denialOf(question).reason, 'topic_filter_too_complex');
  });

  it('is refused as malformed where a topic held bytes', () => {
    for (const [hook, body] of [
      ['auth_on_publish', { ...PUBLISH, topic: '\ufffd' }],
      [
        'auth_on_subscribe',
        {
          ...SUBSCRIBE,
          topics: [
            { topic: 'a', qos: 0 },
            { topic: '\ufffd', qos: 0 },
          ],
        },
      ],
    ] as const) {
      assert.equal(denialOf(read(hookRequest(hook, body), PLAIN_SETTINGS)).reason, 'malformed_string');
    }
  });

  it('needs a mount point of the device’s own for a subscription, where every device is to have one', () => {
    const own = hookRequest('auth_on_subscribe', { ...SUBSCRIBE, ...session });
    assert.equal(read(own, MOUNTING).kind, 'topic');
    for (const other of [
      { mountpoint: '' },
      { mountpoint: METER_ID.replace('5', '6') },
      { username: 'u' },
      { username: `provisioning~p` },
    ]) {
      const request = hookRequest('auth_on_subscribe', { ...SUBSCRIBE, ...session, ...other });
      assert.equal(denialOf(read(request, MOUNTING)).reason, 'topic_shared_between_devices');
    }
    assert.equal(read(hookRequest('auth_on_publish', PUBLISH), MOUNTING).kind, 'topic');
  });
});

it('hostile bytes are read or refused, never anything else', () => {
  const names = ['client_id', 'username', 'password', 'topic', 'topics', 'client_cert', 'mountpoint', 'qos'];
  const hooks = ['auth_on_register', 'auth_on_publish_m5', 'auth_on_subscribe', 'on_deliver', 'nothing'];
  fc.assert(
    fc.property(hostileRequests(names), fc.constantFrom(...hooks), (request, hook) => {
      const asked = { ...request, headers: { ...request.headers, 'vernemq-hook': hook } };
      for (const settings of [PLAIN_SETTINGS, BELIEVING, MOUNTING]) {
        readOrRefuse(() => read(asked, settings));
      }
    }),
    { numRuns: 2_000 },
  );
});
