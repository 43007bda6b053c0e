import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { after, before, test } from 'node:test';
import { type MqttBroker, startAedes } from '../support/aedes-broker.ts';
import { connectOnce, subscribeOnce } from '../support/mqtt-client.ts';
import { Installation, type ServerProcess } from '../support/process.ts';

/*
 * The built server as a process, devices made with the command, a real MQTT client through a real broker.
 */

interface Created {
  readonly id: string;
  readonly secret: string;
}

const installation = new Installation({ THINGPASS_PROVISION_BROKERS: 'generic' });
let server: ServerProcess;
let broker: MqttBroker;
let byToken: Created;
let byPassword: Created;

before(async () => {
  server = await installation.serve();
  byToken = await installation.json<Created>('device', 'create', 'by-token');
  byPassword = await installation.json<Created>(
    ...(['device', 'create', 'by-password', '--mqtt-basic'] as const),
    ...(['--client-id', 'meter-7', '--username', 'meter-seven'] as const),
  );
  broker = await startAedes(server.url);
});
after(async () => {
  await broker.close();
  await server.stop();
});

for (const transport of ['tcpUrl', 'wsUrl'] as const) {
  const name = transport === 'tcpUrl' ? 'tcp' : 'ws';

  test(`over ${name} a right token is let in and a wrong one is refused with its CONNACK`, async () => {
    const right = await connectOnce(broker[transport], { clientId: `any-${name}`, username: byToken.secret });
    assert.ok(right.accepted);
    await right.client.endAsync();
    const wrong = await connectOnce(broker[transport], {
      clientId: `any-${name}`,
      username: 'no-such-token',
    });
    assert.deepEqual(
      { accepted: wrong.accepted, code: !wrong.accepted && wrong.code },
      { accepted: false, code: 5 },
    );
  });

  test(`over ${name} basic credentials need the client id, the user name and the password`, async () => {
    const right = { clientId: 'meter-7', username: 'meter-seven', password: byPassword.secret };
    const connected = await connectOnce(broker[transport], right);
    assert.ok(connected.accepted);
    await connected.client.endAsync();
    for (const wrong of [{ clientId: 'meter-8' }, { username: 'meter-eight' }, { password: 'guess' }]) {
      const refused = await connectOnce(broker[transport], { ...right, ...wrong });
      assert.equal(refused.accepted, false, JSON.stringify(wrong));
    }
  });

  test(`over ${name} a provisioning session may use its own topics only`, async () => {
    const session = await connectOnce(broker[transport], { clientId: `new-${name}`, username: 'provision' });
    assert.ok(session.accepted);
    await session.client.publishAsync('/provision/request', '{}', { qos: 1 });
    assert.equal(await subscribeOnce(session.client, 'v1/devices/me/attributes'), 128);
    await session.client.endAsync();
  });

  test(`over ${name} a device has its namespace and ThingsBoard's publish topics, and nobody else's`, async () => {
    const connected = await connectOnce(broker[transport], {
      clientId: `topics-${name}`,
      username: byToken.secret,
    });
    assert.ok(connected.accepted);
    const { client } = connected;
    await client.publishAsync('v1/devices/me/telemetry', '{"t":1}', { qos: 1 });
    assert.equal(await subscribeOnce(client, `devices/${byToken.id}/#`), 1);
    assert.equal(await subscribeOnce(client, `devices/${byPassword.id}/#`), 128);
    assert.equal(await subscribeOnce(client, '#'), 128);
    assert.equal(
      await subscribeOnce(client, 'v1/devices/me/rpc/request/+'),
      128,
      'shared between devices here',
    );

    const received = once(client as unknown as EventEmitter, 'message');
    await client.publishAsync(`devices/${byToken.id}/up`, 'hello', { qos: 1 });
    assert.equal(String((await received)[0]), `devices/${byToken.id}/up`);

    const closed = once(client as unknown as EventEmitter, 'close');
    client.publish(`devices/${byPassword.id}/up`, 'not mine', { qos: 0 });
    await closed;
    client.end(true);
  });
}

test('a device that is deleted, or gets another token, is refused at its next connect', async () => {
  const { secret } = await installation.json<Created>('device', 'create', 'short-lived');
  const attempt = { clientId: 'x', username: secret };
  const before = await connectOnce(broker.tcpUrl, attempt);
  assert.ok(before.accepted);
  await before.client.endAsync();
  const changed = await installation.json<Created>('credentials', 'set', 'short-lived');
  assert.equal((await connectOnce(broker.tcpUrl, attempt)).accepted, false);
  const renewed = await connectOnce(broker.tcpUrl, { clientId: 'x', username: changed.secret });
  assert.ok(renewed.accepted);
  await renewed.client.endAsync();
  await installation.json('device', 'delete', 'short-lived');
  assert.equal(
    (await connectOnce(broker.tcpUrl, { clientId: 'x', username: changed.secret })).accepted,
    false,
  );
});
