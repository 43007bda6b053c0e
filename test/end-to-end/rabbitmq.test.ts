import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import mqtt from 'mqtt';
import type { DeviceService } from '../../src/fleet/devices/device-service.ts';
import type { CredentialsRequest } from '../../src/fleet/devices/new-credentials.ts';
import type { DeviceEntry } from '../../src/model/device.ts';
import { serviceOf } from '../support/device-service.ts';
import { without } from '../support/machine.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { accepted, published, refusalCode, subscribed } from '../support/rabbitmq-client.ts';
import { type RabbitmqNode, startRabbitmq } from '../support/rabbitmq-node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/*
 * A real RabbitMQ asks a real server about a real MQTT client.
 */

const SECRET = 'a-secret-for-rabbitmq';
const TOKEN = { clientId: 'by-token', username: 'token-of-meter-0001', password: 'any' };
const BASIC = { clientId: 'meter-7', username: 'meter-seven', password: 'correct horse' };
const OTHER = { username: 'token-of-meter-0002', password: 'any' };

const skip = without('rabbitmq');

describe('a real RabbitMQ', { skip, timeout: 300_000 }, () => {
  let server: TestServer;
  let repository: OpenedDevices;
  let devices: DeviceService;
  let node: RabbitmqNode;
  let byToken: DeviceEntry;
  let other: DeviceEntry;

  before(async () => {
    server = await startTestServer({ THINGPASS_SECRET_RABBITMQ: SECRET });
    repository = await OpenedDevices.open(server.config.database);
    devices = serviceOf(repository);
    byToken = await create('by-token', { kind: 'access_token', token: TOKEN.username });
    other = await create('other', { kind: 'access_token', token: OTHER.username });
    const { clientId, username: userName, password } = BASIC;
    await create('by-basic', { kind: 'mqtt_basic', clientId, userName, password });
    node = await startRabbitmq({
      webhookUrl: `http://thingpass:${SECRET}@127.0.0.1:${server.port}/rabbitmq`,
      method: 'post',
    });
  });
  after(async () => {
    await node?.stop();
    await repository?.close();
    await server?.close();
  });

  async function create(name: string, request: CredentialsRequest): Promise<DeviceEntry> {
    return (await devices.create({ name, profileName: 'default', gateway: false, request })).device;
  }

  for (const transport of ['mqttUrl', 'webUrl'] as const) {
    const name = transport === 'mqttUrl' ? 'tcp' : 'web-MQTT';
    // Web-MQTT of 3.10 closes without a CONNACK.
    const refused = transport === 'mqttUrl' ? 4 : undefined;

    it(`over ${name} a right token is let in with any password, a wrong one is not`, async () => {
      const client = await accepted(node[transport], TOKEN);
      await client.endAsync();
      assert.equal(await refusalCode(node[transport], { ...TOKEN, username: 'no-such-token' }), refused);
      // RabbitMQ refuses a user name without a password by itself (`rabbitmq.md` section 4).
      const { clientId, username } = TOKEN;
      assert.equal(await refusalCode(node[transport], { clientId, username }), refused);
    });

    it(`over ${name} basic credentials need the client id, the user name and the password`, async () => {
      const client = await accepted(node[transport], BASIC);
      await client.endAsync();
      for (const wrong of [{ clientId: 'meter-8' }, { username: 'meter-eight' }, { password: 'guess' }]) {
        assert.equal(
          await refusalCode(node[transport], { ...BASIC, ...wrong }),
          refused,
          JSON.stringify(wrong),
        );
      }
    });

    it(`over ${name} a device has its namespace and ThingsBoard’s publish topics`, async () => {
      const client = await accepted(node[transport], TOKEN);
      assert.equal(await subscribed(client, `devices/${byToken.id}/#`), 1);
      await client.publishAsync('v1/devices/me/telemetry', '{"t":1}', { qos: 1 });
      const received = once(client as unknown as EventEmitter, 'message');
      await client.publishAsync(`devices/${byToken.id}/up/a.b`, 'hello', { qos: 1 });
      const [topic, payload] = await received;
      // A dot in a level is a slash to RabbitMQ (`rabbitmq.md` section 3).
      assert.deepEqual([topic, String(payload)], [`devices/${byToken.id}/up/a/b`, 'hello']);
      await client.endAsync();
    });

    it(`over ${name} a device is thrown out where it subscribes to what is not its own`, async () => {
      for (const filter of [
        ...[`devices/${other.id}/#`, 'devices/+/#', '#', '+/#', '$SYS/#', 'v1/devices/me/rpc/request/+'],
        `$share/g/devices/${byToken.id}/#`,
      ]) {
        const client = await accepted(node[transport], TOKEN);
        assert.equal(await subscribed(client, filter), 'closed', filter);
      }
    });

    it(`over ${name} a device is thrown out where it publishes to what is not its own`, async () => {
      for (const topic of [`devices/${other.id}/up`, 'elsewhere', '$SYS/x', '/provision/request']) {
        const client = await accepted(node[transport], TOKEN);
        assert.equal(await published(client, topic), 'closed', topic);
      }
    });
  }

  it('a second device cannot take over the queue of the first', async () => {
    const session = { ...TOKEN, clean: false };
    const first = await accepted(node.mqttUrl, session);
    assert.equal(await subscribed(first, `devices/${byToken.id}/#`), 1);
    await first.endAsync();
    const sender = await accepted(node.mqttUrl, { ...TOKEN, clientId: 'another-connection' });
    await sender.publishAsync(`devices/${byToken.id}/down`, 'waiting', { qos: 1 });
    await sender.endAsync();

    for (const clean of [false, true]) {
      const thief = { ...OTHER, clientId: TOKEN.clientId, clean };
      assert.equal(await refusalCode(node.mqttUrl, thief), 3, `clean ${clean}`);
    }

    // Neither read nor deleted: what waited is there.
    const again = mqtt.connect(node.mqttUrl, { protocolVersion: 4, reconnectPeriod: 0, ...session });
    const [topic, payload] = await once(again as unknown as EventEmitter, 'message');
    assert.deepEqual([topic, String(payload)], [`devices/${byToken.id}/down`, 'waiting']);
    await again.endAsync();
    await (await accepted(node.mqttUrl, { ...TOKEN, clean: true })).endAsync();
  });

  it('a client id that is not the device’s own gets no queue: it publishes, and cannot subscribe', async () => {
    const client = await accepted(node.mqttUrl, { ...OTHER, clientId: 'any-other' });
    await client.publishAsync('v1/devices/me/telemetry', '{}', { qos: 1 });
    assert.equal(await subscribed(client, `devices/${other.id}/#`), 'closed');
    for (const clientId of [other.id, other.name]) {
      const own = await accepted(node.mqttUrl, { ...OTHER, clientId });
      assert.equal(await subscribed(own, `devices/${other.id}/#`), 1, clientId);
      await own.endAsync();
    }
  });

  it('a device that is deleted is refused at its next connect', async () => {
    const attempt = { clientId: 'short-lived', username: 'token-of-short-lived', password: 'any' };
    await create('short-lived', { kind: 'access_token', token: attempt.username });
    await (await accepted(node.mqttUrl, attempt)).endAsync();
    await devices.remove('short-lived');
    assert.equal(await refusalCode(node.mqttUrl, attempt), 4);
  });

  it('an AMQP client, whose requests have no client id, is let into no vhost', async () => {
    const ask = async (fields: Record<string, string>) => {
      const response = await fetch(`${server.url}/rabbitmq/vhost`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`thingpass:${SECRET}`).toString('base64')}` },
        body: new URLSearchParams({
          username: OTHER.username,
          vhost: '/',
          ip: '127.0.0.1',
          tags: '',
          ...fields,
        }),
      });
      return `${response.status} ${await response.text()}`;
    };
    assert.equal(await ask({}), '200 deny');
    assert.equal(await ask({ client_id: 'any' }), '200 allow');
  });

  it('no token and no password was logged', () => {
    const logged = JSON.stringify(server.logged);
    for (const secret of [TOKEN.username, OTHER.username, BASIC.password, SECRET]) {
      assert.ok(!logged.includes(secret), secret);
    }
  });
});
