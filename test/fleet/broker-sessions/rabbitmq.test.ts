import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import type { MqttClient } from 'mqtt';
import { makeApiKey } from '../../../src/fleet/devices/api-key.ts';
import { ApiKeyRepository } from '../../../src/storage/repositories/api-key-repository.ts';
import { ApiClient } from '../../server/management/support/api-client.ts';
import { without } from '../../support/machine.ts';
import { openPrisma } from '../../support/prisma.ts';
import { accepted, refusalCode } from '../../support/rabbitmq-client.ts';
import { freePort, type RabbitmqNode, startRabbitmq } from '../../support/rabbitmq-node.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

/*
 * A device is connected to a real RabbitMQ, its credentials are revoked at a real server, and RabbitMQ closes the connection.
 */

const SECRET = 'a-secret-for-rabbitmq';
/** What is waited for comes sooner; on a busy machine not by much. */
const LONGEST_MS = 120_000;

const skip = without('rabbitmq');

describe('sessions at a real RabbitMQ', { skip, timeout: 300_000 }, () => {
  let server: TestServer;
  let node: RabbitmqNode;
  let api: ApiClient;

  before(async () => {
    const managementPort = await freePort();
    server = await startTestServer({
      THINGPASS_SECRET_RABBITMQ: SECRET,
      THINGPASS_END_SESSIONS: 'rabbitmq',
      THINGPASS_RABBITMQ_API_URL: `http://127.0.0.1:${managementPort}/api`,
      THINGPASS_RABBITMQ_API_KEY: 'guest:guest',
    });
    const prisma = await openPrisma(server.config.database);
    const { key, text } = makeApiKey({ name: 'test', scopes: ['read', 'write'], createdTime: Date.now() });
    await new ApiKeyRepository(prisma).create(key, { name: 'test', origin: 'test' });
    await prisma.$disconnect();
    api = new ApiClient(server.url, text);
    node = await startRabbitmq({
      webhookUrl: `http://thingpass:${SECRET}@127.0.0.1:${server.port}/rabbitmq`,
      method: 'post',
      managementPort,
    });
  });
  after(async () => {
    await node?.stop();
    await server?.close();
  });

  async function device(name: string, credentials: object) {
    const { body } = await api.call('createDevice', { body: { name, credentials } });
    return { device: body.device.id as string, credentials: body.device.credentials[0].id as string };
  }

  function whenClosed(client: MqttClient): Promise<unknown> {
    return once(client as unknown as EventEmitter, 'close', { signal: AbortSignal.timeout(LONGEST_MS) });
  }

  it('revoking a token closes its connections and no others', async () => {
    const path = await device('by-token', { kind: 'access_token', token: 'token/of meter' });
    await device('other', { kind: 'access_token', token: 'token-of-another' });
    const options = { username: 'token/of meter', password: 'any' };
    const first = await accepted(node.mqttUrl, { ...options, clientId: 'first' });
    const second = await accepted(node.webUrl, { ...options, clientId: 'second' });
    const other = await accepted(node.mqttUrl, {
      username: 'token-of-another',
      password: 'any',
      clientId: 'other',
    });
    const closed = Promise.all([whenClosed(first), whenClosed(second)]);
    const headers = { 'if-match': '*' };
    const { status, body } = await api.call('revokeCredentials', { path, headers });
    await closed;
    assert.equal(status, 200);
    assert.deepEqual(
      body.ended.map(({ broker, result }: { broker: string; result: string }) => [broker, result]),
      [
        ['rabbitmq', 'ended'],
        ['rabbitmq', 'ended'],
      ],
    );
    assert.ok(other.connected);
    await other.endAsync();
    assert.equal(await refusalCode(node.mqttUrl, { ...options, clientId: 'first' }), 4);
    const { body: audit } = await api.call('listAuditEvents', { query: { subjectId: path.device } });
    const event = audit.items.find(({ action }: { action: string }) => action === 'device.sessions_ended');
    assert.deepEqual(event?.detail, { results: ['rabbitmq ended: 2'] });
  });

  it('connections by basic credentials are found by user name and client id', async () => {
    const basic = { clientId: 'meter-7', userName: 'meter-seven', password: 'correct horse' };
    const path = await device('by-basic', { kind: 'mqtt_basic', ...basic });
    const { clientId, userName: username, password } = basic;
    const client = await accepted(node.mqttUrl, { clientId, username, password });
    const closed = whenClosed(client);
    const { body } = await api.call('deleteDevice', { path: { device: path.device } });
    await closed;
    assert.equal(body.ended[0].result, 'ended');
  });

  it('a denied device loses a connection that can be found only by its client id', async () => {
    const path = await device('forgotten', { kind: 'access_token', token: 'forgotten-token' });
    const client = await accepted(node.mqttUrl, {
      clientId: 'only-this',
      username: 'forgotten-token',
      password: 'any',
    });
    // As if by an operator's own SQL: its user name is not known any more.
    const prisma = await openPrisma(server.config.database);
    await prisma.deviceCredentials.deleteMany({ where: { deviceId: path.device } });
    await prisma.$disconnect();
    const closed = whenClosed(client);
    closed.catch(() => undefined);
    // RabbitMQ tells client ids some seconds late.
    for (let tries = 0; ; tries++) {
      const { body } = await api.call('putDenyEntry', {
        path: { kind: 'device', value: path.device },
        body: {},
      });
      if (body.ended[0].result === 'ended') break;
      assert.equal(body.ended[0].result, 'not_connected');
      assert.ok(tries < 200);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await closed;
  });
});
