import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import type { IClientOptions, MqttClient } from 'mqtt';
import { connectOnce } from './mqtt-client.ts';

/* A real MQTT client at a RabbitMQ 3.10, which speaks MQTT 3.1 and 3.1.1 only. */

export async function accepted(url: string, options: IClientOptions): Promise<MqttClient> {
  const connected = await connectOnce(url, { protocolVersion: 4, ...options });
  assert.ok(connected.accepted, connected.accepted ? '' : `${connected.message} (${connected.code})`);
  return connected.client;
}

/** The CONNACK code of a refusal, where one came. */
export async function refusalCode(url: string, options: IClientOptions): Promise<number | undefined> {
  const refused = await connectOnce(url, { protocolVersion: 4, ...options });
  assert.ok(!refused.accepted);
  return refused.code;
}

/** What was granted, or `closed`: RabbitMQ 3.10 answers a refused filter by closing the connection. */
export async function subscribed(client: MqttClient, filter: string): Promise<number | 'closed'> {
  return orClosed(client, async () => (await client.subscribeAsync(filter, { qos: 1 }))[0]?.qos ?? -1);
}

export async function published(client: MqttClient, topic: string): Promise<'acknowledged' | 'closed'> {
  return orClosed(client, async () => {
    await client.publishAsync(topic, 'x', { qos: 1 });
    return 'acknowledged' as const;
  });
}

async function orClosed<Done>(client: MqttClient, act: () => Promise<Done>): Promise<Done | 'closed'> {
  const closed = once(client as unknown as EventEmitter, 'close').then(() => 'closed' as const);
  const done = act();
  done.catch(() => undefined);
  const first = await Promise.race([closed, done.catch(() => closed)]);
  if (first === 'closed') client.end(true);
  return first;
}
