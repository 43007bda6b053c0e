import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type Client } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';

export interface MqttBroker {
  readonly tcpUrl: string;
  readonly wsUrl: string;
  close(): Promise<void>;
}

/** A real MQTT 3.1.1 broker, over tcp and ws, that asks ThingPass's generic endpoints about everything. */
export async function startAedes(thingpass: string): Promise<MqttBroker> {
  async function ask(path: string, question: object): Promise<{ result: string; connack: { v3: number } }> {
    const response = await fetch(`${thingpass}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
    });
    return (await response.json()) as { result: string; connack: { v3: number } };
  }
  const usernames = new WeakMap<Client, string>();

  const broker = await Aedes.createBroker({
    authenticate(client, username, password, done) {
      if (username !== undefined) usernames.set(client, String(username));
      ask('/v1/connect', { clientId: client.id, username, password: password?.toString() }).then(
        ({ result, connack }) => {
          if (result === 'allow') done(null, true);
          else done(Object.assign(new Error(result), { returnCode: connack.v3 }) as never, false);
        },
        (error) => done(error, false),
      );
    },
    authorizePublish(client, packet, done) {
      if (client === null) return done(null);
      const question = {
        clientId: client.id,
        username: usernames.get(client),
        action: 'publish',
        topic: packet.topic,
      };
      ask('/v1/authorize', question).then(
        ({ result }) => done(result === 'allow' ? null : new Error(result)),
        (error) => done(error),
      );
    },
    authorizeSubscribe(client, subscription, done) {
      if (client === null) return done(null, subscription);
      const question = {
        clientId: client.id,
        username: usernames.get(client),
        action: 'subscribe',
        topic: subscription.topic,
      };
      // Aedes answers 0x80 for a subscription that is null.
      ask('/v1/authorize', question).then(
        ({ result }) => done(null, result === 'allow' ? subscription : null),
        (error) => done(error),
      );
    },
  });

  const tcp = createTcpServer((socket) => void broker.handle(socket));
  const http = createServer();
  new WebSocketServer({ server: http }).on('connection', (socket) => {
    const stream = createWebSocketStream(socket);
    stream.on('error', () => undefined);
    broker.handle(stream as Duplex as never);
  });
  await Promise.all([listen(tcp), listen(http)]);
  return {
    tcpUrl: `mqtt://127.0.0.1:${portOf(tcp)}`,
    wsUrl: `ws://127.0.0.1:${portOf(http)}`,
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      tcp.close();
      http.close();
    },
  };
}

function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function portOf(server: { address(): unknown }): number {
  return (server.address() as AddressInfo).port;
}
