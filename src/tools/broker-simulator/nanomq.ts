import { CONNECTS, describeWanted, jsonWithHeader, type SimulatedBroker } from './simulated-broker.ts';

/** NanoMQ reads the status alone, and what a client did not send it leaves out (`brokers/nanomq/nanomq.md` sections 1 and 3). */
export const nanomq: SimulatedBroker = function* (client, request, secret) {
  const { clientId: clientid, username, password } = client;
  const ipaddr = '127.0.0.1';
  yield {
    question: CONNECTS,
    asked: jsonWithHeader('/nanomq/auth', secret, {
      clientid,
      username,
      password: password || undefined,
      ipaddr,
      protocol: 'MQTT',
      sockport: '1883',
    }),
    read: ({ status }) =>
      status === 200
        ? { allows: true, concludes: 'in: CONNACK 0' }
        : { allows: false, concludes: 'out: a closed connection (up to 0.25.1: CONNACK 0x87)' },
  };
  if (request === undefined) return;
  const { action, topic } = request;
  const access = action === 'publish' ? '2' : '1';
  yield {
    question: describeWanted(request),
    asked: jsonWithHeader('/nanomq/acl', secret, {
      clientid,
      username,
      access,
      ipaddr,
      topic,
      sockport: '1883',
      password: password || undefined,
    }),
    read: ({ status }) =>
      status === 200
        ? { allows: true, concludes: 'allowed' }
        : { allows: false, concludes: action === 'publish' ? 'denied: the connection is closed' : 'denied' },
  };
};
