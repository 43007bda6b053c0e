import {
  type Answer,
  CONNECTS,
  describeWanted,
  type SimulatedBroker,
  type Verdict,
  withBasic,
} from './simulated-broker.ts';
import { vernemqReads } from './vernemq-reads.ts';

/** `"qos":128` in the list that takes the place of the client's filters is a refusal of that one. */
const REFUSED = 128;

interface Modified {
  readonly topics?: readonly { readonly qos: number }[];
  readonly modifiers?: {
    readonly username?: string;
    readonly client_id?: string;
    readonly mountpoint?: string;
  };
}

function read(hook: string, answer: Answer, yes: string, no: string): Verdict {
  const reading = vernemqReads(hook, answer);
  switch (reading) {
    case 'allow':
    case 'allow with modifiers': {
      const refused = hook === 'auth_on_subscribe' && modified(answer).topics?.[0]?.qos === REFUSED;
      return refused ? { allows: false, concludes: no } : { allows: true, concludes: yes };
    }
    case 'next':
      return { allows: false, concludes: 'left to the next plugin; without one: refused' };
    case 'crash':
      return { allows: false, concludes: 'no answer that it knows: the connection is closed without a word' };
    default:
      return { allows: false, concludes: no };
  }
}

function modified({ body }: Answer): Modified {
  return JSON.parse(body.replace(/^\ufeff/, '')) as Modified;
}

/**
 * VerneMQ 2.2 with an MQTT 3.1.1 client (`brokers/vernemq/vernemq.md` sections 2 and 3). What the answer to the first hook changes
 * is what the later ones say.
 */
export const vernemq: SimulatedBroker = function* (client, request, secret) {
  const { clientId: client_id, username, password } = client;
  const ask = (hook: string, body: object) =>
    withBasic(
      '/vernemq',
      secret,
      { 'content-type': 'application/json', 'vernemq-hook': hook, 'user-agent': 'hackney/4.7.2' },
      JSON.stringify(body),
    );
  const registered = yield {
    question: CONNECTS,
    asked: ask('auth_on_register', {
      peer_addr: '127.0.0.1',
      peer_port: 54_321,
      mountpoint: '',
      client_id,
      username,
      password: password ?? null,
      clean_session: true,
    }),
    read: (answer) =>
      read(
        'auth_on_register',
        answer,
        'in: CONNACK 0',
        'out: CONNACK 5 (MQTT 5: 0x86, bad user name or password)',
      ),
  };
  if (request === undefined) return;
  const { action, topic } = request;
  const session = { username, mountpoint: '', client_id, ...modified(registered).modifiers };
  const names = {
    username: session.username,
    mountpoint: session.mountpoint,
    client_id: session.client_id,
  };
  const hook = action === 'publish' ? 'auth_on_publish' : 'auth_on_subscribe';
  yield {
    question: describeWanted(request),
    asked: ask(
      hook,
      action === 'publish'
        ? { ...names, qos: 1, topic, payload: '', retain: false }
        : { ...names, topics: [{ topic, qos: 1 }] },
    ),
    read: (answer) =>
      read(
        hook,
        answer,
        'allowed',
        action === 'publish'
          ? 'denied: the connection is closed (MQTT 5: PUBACK 0x87)'
          : 'denied: SUBACK 128',
      ),
  };
};
