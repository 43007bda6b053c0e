import { rabbitmqReads } from './rabbitmq-reads.ts';
import {
  ANY_PASSWORD,
  CONNECTS,
  describeWanted,
  FORM,
  form,
  type SimulatedBroker,
  type Step,
  type WantedTopic,
  withBasic,
} from './simulated-broker.ts';

const VHOST = '/';
const EXCHANGE = 'amq.topic';

const CONCLUSIONS = {
  no: 'denied',
  crash: 'no answer that it knows: the connection is closed without a word',
  repeat: 'asked again and again for as long as that is the answer',
  'as the target': 'redirected to who knows what',
} as const;

/** MQTT topics as RabbitMQ's exchange knows them (`brokers/rabbitmq/rabbitmq.md` section 3). */
function routingKey(topic: string): string {
  return topic.replaceAll('/', '.').replaceAll('+', '*');
}

/** What is asked about, besides the topic, before a QoS 1 client's first message or subscription. */
function resourcesFor({ action }: WantedTopic, clientId: string) {
  const exchange = { resource: 'exchange', name: EXCHANGE };
  if (action === 'publish') return [{ ...exchange, permission: 'write' }];
  const queue = { resource: 'queue', name: `mqtt-subscription-${clientId}qos1` };
  const permissions = ['configure', 'read', 'write'] as const;
  return [
    ...permissions.map((permission) => ({ ...queue, permission })),
    { ...exchange, permission: 'read' },
  ];
}

/** RabbitMQ 3.10 with `rabbitmq_auth_backend_http` and POST (`brokers/rabbitmq/rabbitmq.md` sections 1 to 3). */
export const rabbitmq: SimulatedBroker = function* (
  { clientId: client_id, username, password },
  request,
  secret,
) {
  if (password === undefined) {
    const concludes = 'out without asking: CONNACK 4; a user name needs a password here, whatever it is';
    yield { question: CONNECTS, verdict: { allows: false, concludes }, mend: ANY_PASSWORD };
    return;
  }
  const ask = (
    question: string,
    endpoint: string,
    fields: Readonly<Record<string, string>>,
    yes: string,
    no: string = CONCLUSIONS.no,
  ): Step => ({
    question,
    asked: withBasic(`/rabbitmq/${endpoint}`, secret, { 'content-type': FORM }, form(fields)),
    read: (answer) => {
      const { decision } = rabbitmqReads(endpoint === 'user' ? 'user' : 'other', answer);
      if (decision === 'yes') return { allows: true, concludes: yes };
      return { allows: false, concludes: decision === 'no' ? no : CONCLUSIONS[decision] };
    },
  });
  const out = 'out: CONNACK 4 (bad user name or password)';
  const user = yield ask(CONNECTS, 'user', { username, password, vhost: VHOST, client_id }, 'known', out);
  const reading = rabbitmqReads('user', user);
  const tags = reading.decision === 'yes' ? reading.tags : '';
  yield ask(
    `it may use the vhost ${VHOST}`,
    'vhost',
    { username, vhost: VHOST, ip: '127.0.0.1', tags, client_id },
    'in: CONNACK 0',
    'out: CONNACK 5 (not authorized)',
  );
  if (request === undefined) return;
  for (const { resource, name, permission } of resourcesFor(request, client_id)) {
    const fields = { username, vhost: VHOST, resource, name, permission, tags, client_id };
    yield ask(`it may ${permission} the ${resource} ${name}`, 'resource', fields, 'allowed');
  }
  yield ask(
    describeWanted(request),
    'topic',
    {
      username,
      vhost: VHOST,
      resource: 'topic',
      name: EXCHANGE,
      permission: request.action === 'publish' ? 'write' : 'read',
      tags,
      routing_key: routingKey(request.topic),
      'variable_map.client_id': client_id,
      'variable_map.username': username,
      'variable_map.vhost': VHOST,
    },
    'allowed',
  );
};
