import assert from 'node:assert/strict';
import type { Endpoint, WebhookReply } from '../../../src/brokers/dialect.ts';
import { DIALECTS } from '../../../src/brokers/registry.ts';
import type { Decision } from '../../../src/model/decision.ts';
import { BROKER_PRODUCTS, type BrokerName, type BrokerProduct } from '../../../src/model/question.ts';
import type { TestServer } from '../../support/server.ts';
import { simulatedConnect } from '../../support/simulated-speaker.ts';

/** A CONNECT as each broker tells of it, by form or JSON. */
interface ConnectRequest {
  readonly path: string;
  readonly method?: 'GET';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const form = (path: string, fields: Record<string, string>): ConnectRequest => ({
  path,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});
const json = (path: string, body: object, headers: Record<string, string> = {}): ConnectRequest => ({
  path,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** @param username which may be a token; what password goes with it is the same then. */
export function connectRequests(
  clientid: string,
  username: string,
  password = 'any',
): Record<BrokerName, ConnectRequest> {
  const register = { client_id: clientid, mountpoint: '', username, password, clean_session: true };
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  const own = {
    emqx: json('/emqx/authentication', { clientid, username, password }),
    emqx4: form('/emqx4/auth', { clientid, username, password }),
    nanomq: json('/nanomq/auth', { clientid, username, password, protocol: 'mqtt' }),
    mosquitto: json('/mosquitto/user', { username, password, clientid }),
    rabbitmq: form('/rabbitmq/user', { username, password, vhost: '/', client_id: clientid }),
    vernemq: json(
      '/vernemq',
      { ...register, peer_addr: '127.0.0.1', peer_port: 8888 },
      { 'vernemq-hook': 'auth_on_register' },
    ),
    tbmq: json('/tbmq', { clientId: clientid, username, password }),
    rmqtt: form('/rmqtt/auth', { clientid, username, password }),
    generic: json('/v1/connect', { clientId: clientid, username, password }),
    forward_auth: { path: '/forward-auth', method: 'GET', headers: { authorization: `Basic ${basic}` } },
  } satisfies Partial<Record<BrokerName, ConnectRequest>>;
  const client = { clientId: clientid, username, password };
  const simulated = BROKER_PRODUCTS.filter((broker) => !(broker in own)).map((broker) => [
    broker,
    simulatedConnect(broker, client),
  ]);
  return { ...(Object.fromEntries(simulated) as Record<BrokerProduct, ConnectRequest>), ...own };
}

/** Asks as every broker does, and holds the answers to what its dialect makes of a decision. */
export async function everyBrokerIsTold(
  server: TestServer,
  clientid: string,
  username: string,
  decision: Decision,
): Promise<void> {
  const requests = connectRequests(clientid, username);
  assert.deepEqual(Object.keys(requests).sort(), DIALECTS.map(({ broker }) => broker).sort());
  await Promise.all(
    DIALECTS.map(async ({ broker, endpoints }) => {
      const request = requests[broker];
      const endpoint = endpoints.find(({ path }) => path === request.path) as Endpoint;
      const { method = 'POST', headers, body } = request;
      const question = endpoint.read(
        { method, query: '', headers, body: Buffer.from(body ?? '') },
        server.config.brokers[broker],
      );
      assert.equal(question.kind, 'connect', broker);
      const response = await fetch(server.url + request.path, { method, headers, body: body ?? null });
      const expected: WebhookReply = endpoint.answer(decision, question);
      assert.deepEqual([response.status, await response.text()], [expected.status, expected.body], broker);
    }),
  );
}
