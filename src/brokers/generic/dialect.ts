import {
  type Allow,
  type ConnackCode,
  DENY_REASONS,
  type Decision,
  UNAVAILABLE_REASONS,
} from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import type { Question, TopicAccess, TopicAction } from '../../model/question.ts';
import { topicText } from '../acl-request.ts';
import type { BrokerSettings, Dialect, WebhookReply, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { readFields } from '../read-fields.ts';
import { GENERIC_FORMS, readGenericCertificates } from './certificate.ts';

/**
 * For curl, home-made brokers and everything without its own dialect: JSON or a form in, in the common spellings
 * (`other-brokers.md`), one JSON body out; 200 allow, 403 deny, 400 unreadable, 503 cannot decide.
 */

const CLIENT_ID = ['clientId', 'clientid', 'client_id'] as const;
const USERNAME = ['username', 'userName', 'user_name', 'user'] as const;
const ACTION = ['action', 'access'] as const;
const PEER_ADDRESS = ['peerAddress', 'peerhost', 'ipaddr', 'ipaddress', 'ip'] as const;

/** What `action` and `access` may hold: words in any case, and EMQX's and NanoMQ's numbers. */
const ACCESS: ReadonlyMap<string, readonly TopicAction[]> = new Map<string, readonly TopicAction[]>([
  ['publish', ['publish']],
  ['pub', ['publish']],
  ['write', ['publish']],
  ['subscribe', ['subscribe']],
  ['sub', ['subscribe']],
  ['read', ['receive']],
  ['receive', ['receive']],
  ['1', ['subscribe']],
  ['2', ['publish']],
]);

/** `acc` holds mosquitto-go-auth's numbers, in which 1 is a delivery (`mosquitto.md` section 3). */
const ACC: ReadonlyMap<string, readonly TopicAction[]> = new Map<string, readonly TopicAction[]>([
  ...[...ACCESS].filter(([word]) => !/\d/.test(word)),
  ['1', ['receive']],
  ['2', ['publish']],
  ['3', ['publish', 'subscribe']],
  ['4', ['subscribe']],
]);

function readClient(request: WebhookRequest, fields: Fields, settings: BrokerSettings) {
  const { certificate, ignored } = readGenericCertificates(request, fields, settings);
  return {
    broker: 'generic',
    clientId: fields.text(CLIENT_ID) ?? '',
    username: fields.text(USERNAME),
    password: fields.text('password'),
    certificate,
    ignoredCertificates: ignored,
    peerAddress: fields.filled(PEER_ADDRESS),
    listener: fields.filled('listener'),
  } as const;
}

function readConnect(request: WebhookRequest, settings: BrokerSettings): Question {
  const attempt = readClient(request, readFields(request), settings);
  const { clientId, username, password, certificate } = attempt;
  if (clientId === '' && username === undefined && password === undefined && certificate.kind === 'none') {
    throw new ThingPassError(
      'request_unreadable',
      'no field names the client: send clientId, username, password or certificate',
    );
  }
  return { kind: 'connect', attempt };
}

/** In any case; brokers write them in lower case. */
function actionsOf(words: ReadonlyMap<string, readonly TopicAction[]>, word: string) {
  return words.get(word) ?? words.get(word.toLowerCase());
}

/** @throws {ThingPassError} `request_unreadable` for none, for several, and for one that is no action. */
function readActions(fields: Fields): readonly TopicAction[] {
  const action = fields.text(ACTION);
  const acc = fields.text('acc');
  if (action !== undefined && acc !== undefined) {
    throw new ThingPassError(
      'request_unreadable',
      'field action is there under several names, whose numbers differ in meaning',
    );
  }
  const actions =
    acc === undefined ? actionsOf(ACCESS, action ?? fields.required(ACTION)) : actionsOf(ACC, acc);
  if (actions === undefined)
    throw new ThingPassError('request_unreadable', 'field action is neither publish nor subscribe');
  return actions;
}

/**
 * Member by member: objects that are spread cost V8 more than all else here.
 * @throws {ThingPassError} `request_unreadable` also for a missing topic.
 */
function readTopic(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  const actions = readActions(fields);
  const topic = topicText(fields, 'topic');
  const qos = fields.filled('qos');
  const retain = fields.filled('retain');
  const client = readClient(request, fields, settings);
  const access = (action: TopicAction): TopicAccess => ({
    action,
    topic,
    qos: qos === '0' || qos === '1' || qos === '2' ? (Number(qos) as 0 | 1 | 2) : undefined,
    retain: retain === undefined ? undefined : retain === 'true' || retain === '1',
    broker: client.broker,
    clientId: client.clientId,
    username: client.username,
    password: client.password,
    certificate: client.certificate,
    peerAddress: client.peerAddress,
    listener: client.listener,
  });
  return { kind: 'topic', accesses: actions.map(access) };
}

const HEADERS = Object.freeze({ 'content-type': 'application/json', 'cache-control': 'no-store' });

/** What a person at a terminal wants to know: the result, why, and what an MQTT client would be told. */
function answer(decision: Decision): WebhookReply {
  if (decision.outcome === 'allow') return allowReply(decision);
  const { outcome, reason, connack } = decision;
  const kept = keptRefusals.get(reason);
  if (kept !== undefined && kept.outcome === outcome && kept.connack === connack) return kept.reply;
  const made = refusalReply(decision);
  // What is wrong with a request is said of each in its own words.
  if (reason !== 'request_unreadable') keptRefusals.set(reason, { outcome, connack, reply: made });
  return made;
}

/** Refused is mostly for the same few reasons, each in the same words; writing them anew costs 5 µs. */
const keptRefusals = new Map<
  string,
  { readonly outcome: Decision['outcome']; readonly connack: ConnackCode; readonly reply: WebhookReply }
>();

function refusalReply(decision: Exclude<Decision, Allow>): WebhookReply {
  const { reason, connack } = decision;
  if (decision.outcome === 'unavailable') {
    const message = UNAVAILABLE_REASONS[decision.reason];
    return reply(503, { result: 'unavailable', reason, message, connack });
  }
  // "No opinion" is there only where it was asked for, for a caller that has somebody else to ask.
  const result = decision.outcome;
  const last = decision.steps.at(-1);
  const message =
    decision.reason === 'request_unreadable' && last ? last.detail : DENY_REASONS[decision.reason];
  return reply(reason === 'request_unreadable' ? 400 : 403, { result, reason, message, connack });
}

/** Written piece by piece: this is nearly every answer, and the general way takes 1 to 2 µs longer. */
function allowReply({ device, role, expiresAt, connack }: Allow): WebhookReply {
  const named = device && `"device":{"id":${jsonText(device.id)},"name":${jsonText(device.name)}},`;
  const ends = expiresAt === undefined ? '' : `"expiresAt":"${new Date(expiresAt).toISOString()}",`;
  const { v3, v5 } = connack;
  return {
    status: 200,
    headers: HEADERS,
    body: `{"result":"allow",${named ?? ''}"role":"${role}",${ends}"connack":{"v3":${v3},"v5":${v5}}}\n`,
  };
}

/** As `JSON.stringify`, whose general way takes several times as long for a text that needs no escaping. */
function jsonText(text: string): string {
  return NOT_PLAIN.test(text) ? JSON.stringify(text) : `"${text}"`;
}

const NOT_PLAIN = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

function reply(status: number, body: object): WebhookReply {
  return { status, headers: HEADERS, body: `${JSON.stringify(body)}\n` };
}

export const generic: Dialect = {
  broker: 'generic',
  canMountPerDevice: true,
  // The caller says what it saw.
  trustsPeerAddress: () => true,
  // It relays what proxies say.
  certificateForms: {
    body: GENERIC_FORMS,
    headers: true,
    names: { subject: 'rfc4514', commonName: 'exact' },
  },
  refusedConnect: ({ connack }) => ({
    mqtt3: connack.v3,
    mqtt5: connack.v5,
    note: 'where the broker does as the answer says',
  }),
  endpoints: [
    { name: 'connect', path: '/v1/connect', methods: ['POST'], read: readConnect, answer },
    { name: 'topic', path: '/v1/authorize', methods: ['POST'], read: readTopic, answer },
  ],
};
