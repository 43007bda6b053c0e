import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rabbitmq } from '../../../src/brokers/rabbitmq/dialect.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { accessesOf, assertUnreadable, endpointAt, post } from '../../support/questions.ts';
import { form, permitted, reasonOf } from '../../support/rabbitmq.ts';

const topic = endpointAt(rabbitmq, '/rabbitmq/topic');

describe('/topic', () => {
  const asked = {
    username: 'u',
    vhost: '/',
    resource: 'topic',
    name: 'amq.topic',
    permission: 'write',
    tags: '',
    routing_key: 'a.b',
    'variable_map.client_id': 'c',
    'variable_map.username': 'u',
    'variable_map.vhost': '/',
  };

  function topicOf(permission: string, key: string): string {
    const question = topic.read(form({ ...asked, permission, routing_key: key }), PLAIN_SETTINGS);
    return accessesOf(question)[0]?.topic ?? '';
  }

  it('rebuilds what will be delivered out of the routing key', () => {
    for (const [permission, key, expected] of [
      ['write', 'v1.devices.me.telemetry', 'v1/devices/me/telemetry'],
      ['write', '.provision.request', '/provision/request'],
      ['write', 'a..b.', 'a//b/'],
      ['write', 'a.*.b', 'a/*/b'],
      ['read', 'v1.devices.me.rpc.request.*', 'v1/devices/me/rpc/request/+'],
      ['read', '*.#', '+/#'],
      ['read', 'a*.b', 'a*/b'],
      ['read', '.*', '/+'],
      ['write', 'spBv1___0.group.NBIRTH.node', 'spBv1.0/group/NBIRTH/node'],
      ['read', 'spAv1___0.#', 'spAv1.0/#'],
      ['write', 'xspBv1___0.a', 'xspBv1___0/a'],
      ['write', 'spBv1___0', 'spBv1___0'],
    ] as const) {
      assert.equal(topicOf(permission, key), expected, `${permission} ${key}`);
    }
  });

  it('finds the client in the variable map alone', () => {
    const question = topic.read(form({ ...asked, client_id: 'other' }), PLAIN_SETTINGS);
    assert.equal(accessesOf(question)[0]?.clientId, 'c');
    const { 'variable_map.client_id': _, ...amqp } = asked;
    assert.equal(reasonOf(permitted(topic.read(form(amqp), PLAIN_SETTINGS))), 'not_supported');
  });

  it('refuses what is not of the MQTT plugin', () => {
    for (const other of [{ name: 'orders' }, { resource: 'queue' }, { vhost: 'acme' }]) {
      const question = topic.read(form({ ...asked, ...other }), PLAIN_SETTINGS);
      assert.equal(reasonOf(permitted(question)), 'not_supported', JSON.stringify(other));
    }
    assertUnreadable(
      () => topic.read(form({ ...asked, permission: 'configure' }), PLAIN_SETTINGS),
      /permission/,
    );
    assertUnreadable(
      () => topic.read(post('username=u&vhost=%2F&permission=read&routing_key=%FF'), PLAIN_SETTINGS),
      /routing_key is not UTF-8/,
    );
  });

  it('keeps $ topics empty, which wildcards reach on RabbitMQ, and says no to shared subscriptions', () => {
    const read = (permission: string, routing_key: string) =>
      topic.read(form({ ...asked, permission, routing_key }), PLAIN_SETTINGS);
    assert.equal(reasonOf(permitted(read('write', '$SYS.x'))), 'not_supported');
    assert.equal(reasonOf(permitted(read('read', '$share.g.a'))), 'not_supported');
    assert.equal(topicOf('read', '$SYS.#'), '$SYS/#');
  });
});
