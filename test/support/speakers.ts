import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { BROKER_PRODUCTS, type BrokerName, type BrokerProduct } from '../../src/model/question.ts';
import { emqxDecides } from '../../src/tools/broker-simulator/emqx.ts';
import { keepSecrets } from './kept-logs.ts';
import { simulatedSpeaker } from './simulated-speaker.ts';

/** What a client sends, and the certificate behind its TLS connection, as PEM. */
export interface SpokenFor {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly certificate?: string;
}

/** How a broker asks for a client, in its own language, and what it takes for a yes. */
export interface Speaker {
  readonly connect: () => Promise<boolean>;
  /** As after a connect that was refused, too: whoever asks then has nothing from us. Absent where no topics are asked. */
  readonly topic?: (action: 'publish' | 'subscribe', topic: string) => Promise<boolean>;
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

const ACCESS = { publish: '2', subscribe: '1' } as const;

/** The listener of certificate clients, for brokers that tell it. */
export const TLS_PORT = '8883';

/**
 * Every broker, speaking to ThingPass for one client: in words of its own here, or as its simulator plays it.
 * @param secret proves it where certificates are believed.
 */
export function speakersFor(url: string, client: SpokenFor, secret = ''): Record<BrokerName, Speaker> {
  const { username = '', password } = client;
  const simulated = BROKER_PRODUCTS.map((broker): [BrokerName, Speaker] => [
    broker,
    simulatedSpeaker(broker, url, { ...client, username, password }, secret),
  ]);
  return {
    ...(Object.fromEntries(simulated) as Record<BrokerProduct, Speaker>),
    ...ownSpeakers(url, client, secret),
  };
}

function ownSpeakers(url: string, client: SpokenFor, secret: string) {
  const { clientId, username, password, certificate } = client;
  keepSecrets(secret, password ?? '');
  const parsed = certificate === undefined ? undefined : new X509Certificate(certificate);
  const subjects = parsed?.subject.split('\n').reverse() ?? [];
  const commonName = subjects.find((part) => part.startsWith('CN='))?.slice(3);
  const guard = secret === '' ? {} : { 'x-thingpass-secret': secret };

  async function send(path: string, body: string | URLSearchParams, headers: object): Promise<Reply> {
    const init = { method: 'POST', headers: { ...guard, ...headers }, body };
    const response = await fetch(url + path, init);
    return { status: response.status, body: await response.text() };
  }
  const post = (path: string, fields: object, headers: object = {}) =>
    send(path, JSON.stringify(fields), { 'content-type': 'application/json', ...headers });
  const postForm = (path: string, fields: Record<string, string | undefined>) => {
    const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
    return send(path, new URLSearchParams(given), {});
  };
  const byStatus = async (reply: Promise<Reply>) => (await reply).status === 200;
  const byResult = async (reply: Promise<Reply>) => JSON.parse((await reply).body).result === 'allow';

  const names = { clientid: clientId, username };
  const emqx = { ...names, ...(parsed && { cert_pem: certificate, listener: 'ssl:default' }) };
  const onTls = parsed && { common_name: commonName, sockport: TLS_PORT };
  const emqx4 = { ...names, ...onTls };
  const nanomq = { ...emqx4, ...(parsed && { subject: subjects.toReversed().join(', ') }) };
  // There the name in the certificate takes the place of the user name, and nothing else is sent.
  const identity = parsed === undefined ? username : commonName;
  const goAuth = {
    clientid: clientId,
    username: identity,
    password: parsed === undefined ? password : undefined,
  };
  const rmqttNames = { clientid: clientId, username: parsed === undefined ? username : subjects.join(',') };
  const rmqttRoot = parsed === undefined ? '/rmqtt' : '/rmqtt/subject';

  const rabbitmqLogin = () =>
    postForm('/rabbitmq/user', {
      username: identity,
      vhost: '/',
      client_id: clientId,
      password: parsed === undefined ? (password ?? '') : undefined,
    });

  async function registered() {
    const fields = {
      client_id: clientId,
      username: username ?? null,
      password: password ?? null,
      mountpoint: '',
      ...(parsed && { client_cert: parsed.raw.toString('base64') }),
    };
    const { body } = await post('/vernemq', fields, { 'vernemq-hook': 'auth_on_register' });
    return JSON.parse(body) as { result: string; modifiers?: { username?: string; mountpoint?: string } };
  }

  async function toldTbmq() {
    const fields = { username: username ?? '', password: password ?? '', clientId };
    const { body } = await post('/tbmq', parsed ? { ...fields, commonName } : fields);
    return JSON.parse(body) as { result: string; authRules?: { pub: string[]; sub: string[] } };
  }

  const generic = { clientId, username };
  const genericCertificate = parsed && { certificate, certificateVerified: true };

  return {
    emqx: {
      connect: () => byResult(post('/emqx/authentication', { ...emqx, password })),
      /** First the list of the connect answer, then, for what it does not know, the authorizer. */
      async topic(action, topic) {
        const told = JSON.parse((await post('/emqx/authentication', { ...emqx, password })).body);
        const asked = {
          ...emqx,
          action,
          topic,
          qos: '0',
          client_attrs__thingpass: told.client_attrs?.thingpass,
        };
        const authorized = await byResult(post('/emqx/authorization', asked));
        if (told.acl === undefined) return authorized;
        const listed = emqxDecides(told.acl, { action, topic, qos: 0, retain: false });
        if (listed !== 'next') assert.equal(authorized, listed === 'allow', `${action} ${topic}`);
        return authorized;
      },
    },
    emqx4: {
      connect: () => byStatus(postForm('/emqx4/auth', { ...emqx4, password })),
      topic: (action, topic) => byStatus(postForm('/emqx4/acl', { ...emqx4, access: ACCESS[action], topic })),
    },
    nanomq: {
      connect: () => byStatus(post('/nanomq/auth', { ...nanomq, password })),
      topic: (action, topic) => byStatus(post('/nanomq/acl', { ...nanomq, access: ACCESS[action], topic })),
    },
    mosquitto: {
      connect: () => byStatus(post('/mosquitto/user', goAuth)),
      topic: (action, topic) =>
        byStatus(
          post('/mosquitto/acl', {
            ...goAuth,
            password: undefined,
            acc: action === 'publish' ? 2 : 4,
            topic,
          }),
        ),
    },
    rabbitmq: {
      connect: async () => (await rabbitmqLogin()).body.startsWith('allow'),
      async topic(action, topic) {
        const [, tags = ''] = (await rabbitmqLogin()).body.split(' ');
        const { body } = await postForm('/rabbitmq/topic', {
          username: identity,
          vhost: '/',
          resource: 'topic',
          name: 'amq.topic',
          tags,
          permission: action === 'publish' ? 'write' : 'read',
          routing_key: topic.replaceAll('/', '.').replaceAll('+', '*'),
          'variable_map.client_id': clientId,
          'variable_map.username': identity,
          'variable_map.vhost': '/',
        });
        return body === 'allow';
      },
    },
    vernemq: {
      connect: async () => (await registered()).result === 'ok',
      async topic(action, topic) {
        const { modifiers } = await registered();
        const session = {
          client_id: clientId,
          username: modifiers?.username ?? username ?? null,
          mountpoint: modifiers?.mountpoint ?? '',
        };
        const asked =
          action === 'publish'
            ? { ...session, qos: 0, topic, payload: '', retain: false }
            : { ...session, topics: [{ topic, qos: 0 }] };
        const reply = await post('/vernemq', asked, { 'vernemq-hook': `auth_on_${action}` });
        const { result, topics } = JSON.parse(reply.body);
        return result === 'ok' && !topics?.some(({ qos }: { qos: number }) => qos === 128);
      },
    },
    tbmq: {
      connect: async () => (await toldTbmq()).result === 'SUCCESS',
      async topic(action, topic) {
        const { authRules } = await toldTbmq();
        const patterns = (action === 'publish' ? authRules?.pub : authRules?.sub) ?? [];
        return patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(topic));
      },
    },
    rmqtt: {
      connect: () => byResult(post(`${rmqttRoot}/auth`, { ...rmqttNames, password })),
      topic: (action, topic) =>
        byResult(post(`${rmqttRoot}/acl`, { ...rmqttNames, access: ACCESS[action], topic })),
    },
    generic: {
      connect: () => byStatus(post('/v1/connect', { ...generic, password, ...genericCertificate })),
      topic: (action, topic) =>
        byStatus(post('/v1/authorize', { ...generic, ...genericCertificate, action, topic })),
    },
    forward_auth: {
      async connect() {
        const login = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
        const escaped = certificate === undefined ? undefined : encodeURIComponent(certificate);
        const headers = {
          authorization: `Basic ${login}`,
          ...guard,
          ...(escaped && { 'x-ssl-client-cert': escaped, 'x-ssl-client-verify': 'SUCCESS' }),
        };
        return (await fetch(`${url}/forward-auth`, { headers })).status === 200;
      },
    },
  } satisfies Partial<Record<BrokerName, Speaker>>;
}
