import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rabbitmq } from '../../../src/brokers/rabbitmq/dialect.ts';
import { basicCredentialsId } from '../../../src/engine/credentials/stored/hash.ts';
import type { Allow } from '../../../src/model/decision.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { assertUnreadable, endpointAt, post } from '../../support/questions.ts';
import { form, METER, permitted, reasonOf } from '../../support/rabbitmq.ts';

const vhost = endpointAt(rabbitmq, '/rabbitmq/vhost');
const resource = endpointAt(rabbitmq, '/rabbitmq/resource');

describe('/vhost', () => {
  const asked = { username: 'u', vhost: '/', ip: '10.0.0.1', tags: '', client_id: 'c' };

  it('lets the known into the one vhost', () => {
    assert.equal(permitted(vhost.read(form(asked), PLAIN_SETTINGS)), METER);
    assert.equal(
      reasonOf(permitted(vhost.read(form({ ...asked, vhost: 'acme' }), PLAIN_SETTINGS))),
      'not_supported',
    );
  });

  it('tells the peer’s address, where RabbitMQ knows it', () => {
    for (const [ip, known] of [
      ['10.0.0.1', '10.0.0.1'],
      ['unknown', undefined],
    ] as const) {
      const question = vhost.read(form({ ...asked, ip }), PLAIN_SETTINGS);
      assert.ok(question.kind === 'identity');
      assert.equal(question.claim.peerAddress, known);
    }
  });

  it('lets no AMQP client in: it has no client id', () => {
    const { client_id: _, ...amqp } = asked;
    assert.equal(reasonOf(permitted(vhost.read(form(amqp), PLAIN_SETTINGS))), 'not_supported');
  });
});

describe('/resource', () => {
  const CLIENT_ID = 'Meter 7';

  function asked(
    kind: string,
    name: string,
    permission: string,
    clientId = CLIENT_ID,
    client = METER,
  ): string {
    const fields = { username: 'token-7', vhost: '/', resource: kind, name, permission, tags: '' };
    const request = form(clientId === '' ? fields : { ...fields, client_id: clientId });
    return reasonOf(permitted(resource.read(request, PLAIN_SETTINGS), client));
  }

  it('allows the exchange of MQTT for reading and writing only', () => {
    assert.equal(asked('exchange', 'amq.topic', 'write'), 'allow');
    assert.equal(asked('exchange', 'amq.topic', 'read'), 'allow');
    for (const permission of ['configure', '', 'delete']) {
      assert.equal(asked('exchange', 'amq.topic', permission), 'not_supported');
    }
    for (const name of ['', 'amq.direct', 'amq.topic2', 'dead-letters']) {
      assert.equal(asked('exchange', name, 'write'), 'not_supported');
    }
  });

  it('allows the client’s own queues, and no other', () => {
    for (const permission of ['configure', 'write', 'read']) {
      for (const name of [
        'mqtt-subscription-Meter 7qos0',
        'mqtt-subscription-Meter 7qos1',
        'mqtt-will-Meter 7',
      ]) {
        assert.equal(asked('queue', name, permission), 'allow');
      }
    }
    for (const name of [
      'mqtt-subscription-Meter 8qos1',
      'mqtt-subscription-Meter 7qos2',
      'mqtt-subscription-Meter 7',
      'mqtt-subscription-qos1',
      'orders',
      '',
    ]) {
      assert.equal(asked('queue', name, 'read'), 'not_supported');
    }
    assert.equal(asked('queue', 'mqtt-subscription-Meter 7qos1', 'delete'), 'not_supported');
    assert.equal(asked('topic', 'mqtt-subscription-Meter 7qos1', 'read'), 'not_supported');
  });

  it('gives an AMQP client nothing, not even a queue that would be named so', () => {
    assert.equal(asked('queue', 'mqtt-subscription-qos1', 'read', ''), 'not_supported');
    assert.equal(asked('exchange', 'amq.topic', 'write', ''), 'not_supported');
  });

  it('gives a queue to whom the client id belongs', () => {
    const queueOf = (clientId: string) => `mqtt-subscription-${clientId}qos1`;
    const own = (clientId: string, client: Allow) =>
      asked('queue', queueOf(clientId), 'read', clientId, client);

    assert.equal(own(METER.device?.id ?? '', METER), 'allow');
    assert.equal(own('anything else', METER), 'credentials_mismatch');
    assert.equal(own('cn-7', { ...METER, commonName: 'cn-7' }), 'allow');
    assert.equal(own('cn-8', { ...METER, commonName: 'cn-7' }), 'credentials_mismatch');
    const basic = { ...METER, credentialsId: basicCredentialsId('c7', 'token-7') };
    assert.equal(own('c7', basic), 'allow');
    assert.equal(own('c8', basic), 'credentials_mismatch');
    const { device: _, ...nobody } = METER;
    assert.equal(own('anything', nobody), 'credentials_mismatch');
    // It needs the exchange all the same, to publish its request.
    assert.equal(asked('exchange', 'amq.topic', 'write', 'anything', nobody), 'allow');
  });

  it('compares bytes: names that are not UTF-8 are refused, or two of them would be one', () => {
    const body =
      'username=u&vhost=%2F&resource=queue&permission=read&tags=&client_id=%FF&name=mqtt-subscription-%FEqos1';
    assertUnreadable(() => resource.read(post(body), PLAIN_SETTINGS), /not UTF-8/);
  });

  it('is refused in another vhost', () => {
    const fields = { username: 'u', vhost: 'x', resource: 'exchange', name: 'amq.topic', permission: 'read' };
    const question = resource.read(form({ ...fields, tags: '', client_id: 'c' }), PLAIN_SETTINGS);
    assert.equal(reasonOf(permitted(question)), 'not_supported');
  });
});
