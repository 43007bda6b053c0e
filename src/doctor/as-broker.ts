/** What a client would send, and what it would do then. */
export interface PlayedClient {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

export interface Wish {
  readonly action: 'publish' | 'subscribe';
  readonly topic: string;
}

interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** One broker: what it sends, and what it makes of an answer. Facts: the contract beside its dialect. */
interface Played {
  readonly connect: (client: PlayedClient, secret: string) => Asked;
  readonly topic: (client: PlayedClient, wish: Wish, secret: string, connected: Answer) => Asked;
  readonly allows: (answer: Answer) => boolean;
  /** What a refused client sees. */
  readonly refused: string;
}

const PASSPORT = /"thingpass":"([^"]*)"/;

function json(path: string, secret: string, body: object): Asked {
  return {
    path,
    headers: { 'content-type': 'application/json', 'x-thingpass-secret': secret },
    body: JSON.stringify(body),
  };
}

function basic(path: string, secret: string, contentType: string, body: string): Asked {
  const authorization = `Basic ${Buffer.from(`thingpass:${secret}`).toString('base64')}`;
  return { path, headers: { 'content-type': contentType, authorization }, body };
}

const FORM = 'application/x-www-form-urlencoded';

function rabbitmqForm(path: string, secret: string, fields: Readonly<Record<string, string>>): Asked {
  return basic(path, secret, FORM, new URLSearchParams(fields).toString());
}

/** Every broker that can be played; a new one is one more member here. */
export const PLAYED: Readonly<Record<string, Played>> = {
  emqx: {
    connect: ({ clientId, username, password }, secret) =>
      json('/emqx/authentication', secret, {
        clientid: clientId,
        username,
        password,
        peerhost: '127.0.0.1',
        listener: 'tcp:default',
      }),
    topic: ({ clientId, username }, { action, topic }, secret, connected) =>
      json('/emqx/authorization', secret, {
        ...{ clientid: clientId, username, action, topic, qos: '1', retain: 'false', peerhost: '127.0.0.1' },
        client_attrs__thingpass: PASSPORT.exec(connected.body)?.[1] ?? '',
      }),
    // Any status but 200 is no opinion, and with one authenticator nobody gets in by that; `no_match = deny` does so for topics.
    allows: ({ status, contentType, body }) =>
      status === 200 && contentType.startsWith('application/json') && member(body, 'result') === 'allow',
    refused: 'CONNACK 5 (MQTT 5: 0x87, not authorized)',
  },
  nanomq: {
    connect: ({ clientId, username, password }, secret) =>
      json('/nanomq/auth', secret, {
        clientid: clientId,
        username,
        password,
        ipaddr: '127.0.0.1',
        protocol: 'MQTT',
        sockport: '1883',
      }),
    topic: ({ clientId, username, password }, { action, topic }, secret) =>
      json('/nanomq/acl', secret, {
        ...{
          clientid: clientId,
          username,
          access: action === 'publish' ? '2' : '1',
          ipaddr: '127.0.0.1',
          topic,
        },
        ...{ sockport: '1883', password },
      }),
    allows: ({ status }) => status === 200,
    refused: 'a closed connection (up to 0.25.1: CONNACK 0x87)',
  },
  mosquitto: {
    connect: ({ clientId, username, password }, secret) =>
      basic(
        '/mosquitto/user',
        secret,
        'application/json',
        JSON.stringify({ username, password, clientid: clientId }),
      ),
    topic: ({ clientId, username }, { action, topic }, secret) =>
      basic(
        '/mosquitto/acl',
        secret,
        'application/json',
        JSON.stringify({ username, clientid: clientId, topic, acc: action === 'publish' ? 2 : 4 }),
      ),
    allows: ({ status }) => status === 200,
    refused: 'CONNACK 5 (not authorized)',
  },
  rabbitmq: {
    connect: ({ clientId, username, password }, secret) =>
      rabbitmqForm('/rabbitmq/user', secret, { username, password, client_id: clientId, vhost: '/' }),
    topic: ({ clientId, username }, { action, topic }, secret) =>
      rabbitmqForm('/rabbitmq/topic', secret, {
        ...{
          username,
          vhost: '/',
          resource: 'topic',
          name: 'amq.topic',
          permission: action === 'publish' ? 'write' : 'read',
        },
        routing_key: topic.replaceAll('/', '.').replaceAll('+', '*'),
        'variable_map.client_id': clientId,
      }),
    allows: ({ status, body }) => status === 200 && /^allow(\s|$)/i.test(body),
    refused: 'CONNACK 4 (bad user name or password)',
  },
};

/** One question that was asked, and what the broker would conclude. */
export interface Conclusion {
  readonly question: string;
  readonly status: number;
  readonly concludes: string;
  /** Set where that is not as it should be. */
  readonly problem: string | undefined;
}

export interface Play {
  readonly url: string;
  /** Absent where ThingPass has none: then a wrong one is not tried. */
  readonly secret: string | undefined;
  readonly client: PlayedClient;
  readonly wish: Wish | undefined;
}

const NOBODY = 'thingpass-doctor-nobody';

/**
 * Plays a broker against a running ThingPass: the client's CONNECT, its topic if there is one, the same with a wrong secret, and
 * a client that nobody knows.
 * @throws {TypeError} when ThingPass cannot be reached.
 */
export async function playBroker(
  broker: Played,
  { url, secret, client, wish }: Play,
): Promise<readonly Conclusion[]> {
  const conclude = (
    question: string,
    answer: Answer,
    wanted: boolean,
    yes: string,
    no: string,
    trouble: string,
  ): Conclusion => {
    const allows = broker.allows(answer);
    return {
      question,
      status: answer.status,
      concludes: allows ? yes : no,
      problem: allows === wanted ? undefined : trouble,
    };
  };
  const out = `out: ${broker.refused}`;
  const connected = await send(url, broker.connect(client, secret ?? ''));
  const trouble =
    connected.status === 401
      ? 'the secret is not ThingPass’s'
      : 'the client is refused; ThingPass’s log says why';
  const all = [conclude('the client connects', connected, true, 'in: CONNACK 0', out, trouble)];
  if (wish !== undefined) {
    const answer = await send(url, broker.topic(client, wish, secret ?? '', connected));
    all.push(
      conclude(
        `it may ${wish.action} ${wish.topic}`,
        answer,
        true,
        'allowed',
        'denied',
        'the topic is refused; ThingPass’s log says why',
      ),
    );
  }
  if (secret !== undefined) {
    const answer = await send(url, broker.connect(client, `${secret}-wrong`));
    all.push(
      conclude(
        'the same from a broker with a wrong secret',
        answer,
        false,
        'in: CONNACK 0',
        out,
        'anybody is answered, whatever the secret',
      ),
    );
  }
  const nobody = { clientId: NOBODY, username: NOBODY, password: NOBODY };
  const answer = await send(url, broker.connect(nobody, secret ?? ''));
  all.push(
    conclude(
      'a client that nobody knows connects',
      answer,
      false,
      'in: CONNACK 0',
      out,
      'strangers are let in',
    ),
  );
  return all;
}

const LONGEST_WAIT_MS = 5_000;

async function send(url: string, { path, headers, body }: Asked): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers,
    body,
    signal: AbortSignal.timeout(LONGEST_WAIT_MS),
  });
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    body: await response.text(),
  };
}

function member(text: string, name: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
