import { hasSharing } from '../../engine/access/topic.ts';
import type { Allow, Decision, Deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE } from '../../model/peer-certificate.ts';
import type { ClientClaim, ConnectAttempt, Question, TopicAction } from '../../model/question.ts';
import type { BrokerSettings, Dialect, WebhookReply, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { BAD_CREDENTIALS, NOT_AUTHORIZED } from '../refused-connect.ts';
import {
  CERTIFICATE_LOGIN,
  CERTIFICATE_TAG,
  namedCertificate,
  optionalUtf8,
  PASSWORD_TAG,
  RABBITMQ_DN,
  RABBITMQ_NAME,
  rabbitmqFields,
  readClaim,
  refusal,
  requiredUtf8,
} from './client.ts';
import { MQTT_EXCHANGE, ownsClientId, partOfMqtt } from './resource.ts';

/**
 * RabbitMQ's `rabbitmq_auth_backend_http` for clients of its MQTT plugin, 3.10 to 4.3 (`rabbitmq.md`). Section numbers
 * below are of `rabbitmq.md`. Parameters differ by version, so none is read by its place, and unknown ones are not read.
 */

/** `mqtt.vhost` as installed; a client may choose another one in its user name (section 4). */
const VHOST = '/';

/** A connect question, with the tag that its client gets. */
type UserQuestion = Extract<Question, { readonly kind: 'connect' }> & { readonly tag: string | undefined };

/**
 * A missing password is the only sign that RabbitMQ verified a certificate (section 1), and then the user name is the
 * certificate's: never a token. 4.0 sends the password `none` with it, as anybody may: there it is a password like every
 * other, and certificates do not log in.
 */
function readUser(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = rabbitmqFields(request);
  const username = requiredUtf8(fields, 'username');
  // 3.11.21 to 3.12.11 leave the client id out; so does a certificate login before 4.0 (section 1).
  const clientId = optionalUtf8(fields, 'client_id') ?? '';
  const password = fields.text('password');
  if (password === undefined) {
    const certificate = namedCertificate(username, settings);
    if ('outcome' in certificate) return { kind: 'settled', decision: certificate };
    const question: UserQuestion = {
      kind: 'connect',
      attempt: { broker: 'rabbitmq', clientId, certificate, listener: CERTIFICATE_LOGIN },
      tag: CERTIFICATE_TAG,
    };
    return question;
  }
  const attempt: ConnectAttempt = {
    broker: 'rabbitmq',
    clientId,
    username,
    password,
    certificate: NO_CERTIFICATE,
  };
  // A client id that did not come was not checked, and would be another one at the next request.
  const tag = settings.certificateForms.size > 0 && clientId !== '' ? PASSWORD_TAG : undefined;
  const question: UserQuestion = { kind: 'connect', attempt, tag };
  return question;
}

/** Says why a client that is known may not, or nothing. */
type Judge = (client: Allow, claim: ClientClaim) => Deny | undefined;

/** Asks who the client is and judges by that. No client id means no MQTT: AMQP clients get nothing here. */
function askWho(claim: ClientClaim | Deny, judge: Judge): Question {
  if ('outcome' in claim) return { kind: 'settled', decision: claim };
  const permit = (client: Allow): Allow | Deny => {
    if (claim.clientId === '') return refusal('not_supported', 'no client id: not an MQTT client', client);
    return judge(client, claim) ?? client;
  };
  return { kind: 'identity', claim, permit };
}

function readVhost(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = rabbitmqFields(request);
  const elsewhere = fields.required('vhost') !== VHOST;
  return askWho(readClaim(fields, 'client_id', settings), (client) =>
    elsewhere ? refusal('not_supported', `not the vhost ${VHOST}`, client) : undefined,
  );
}

function readResource(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = rabbitmqFields(request);
  const resource = {
    vhost: fields.required('vhost'),
    kind: fields.required('resource'),
    name: requiredUtf8(fields, 'name'),
    permission: fields.required('permission'),
  };
  return askWho(readClaim(fields, 'client_id', settings), (client, claim) => {
    const part = resource.vhost === VHOST ? partOfMqtt(resource, claim.clientId) : 'none';
    if (part === 'none') return refusal('not_supported', 'no exchange or queue that MQTT needs', client);
    if (part === 'shared' || ownsClientId(client, claim)) return undefined;
    return refusal('credentials_mismatch', 'a queue, and the client id is not this device’s own', client);
  });
}

const ACTIONS: ReadonlyMap<string, TopicAction> = new Map([
  ['write', 'publish'],
  ['read', 'subscribe'],
]);

/** @throws {ThingPassError} `request_unreadable` also for a permission that is neither `write` nor `read`. */
function readTopic(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = rabbitmqFields(request);
  const claim = readClaim(fields, 'variable_map.client_id', settings);
  const action = ACTIONS.get(fields.required('permission'));
  if (action === undefined)
    throw new ThingPassError('request_unreadable', 'field permission is neither write nor read');
  const key = requiredUtf8(fields, 'routing_key');
  const topic = action === 'publish' ? publishedTopic(key) : subscribedFilter(key);
  const obstacle = outsideOfMqtt(fields) ?? dollarTopic(action, topic);
  if (!('outcome' in claim) && claim.clientId !== '' && obstacle === undefined) {
    return { kind: 'topic', accesses: [{ action, topic, ...claim }] };
  }
  return askWho(claim, (client) => refusal('not_supported', obstacle ?? 'not an MQTT client', client));
}

function outsideOfMqtt(fields: Fields): string | undefined {
  const isMqtt =
    fields.required('vhost') === VHOST &&
    fields.required('resource') === 'topic' &&
    fields.required('name') === MQTT_EXCHANGE;
  return isMqtt ? undefined : 'not the exchange of MQTT';
}

/**
 * To RabbitMQ `$` is a letter: there `#` and `+/a` reach `$…` topics, which no rule means to grant with them
 * [MQTT-4.7.2-1]. So nobody publishes to those, and nothing is to be had there. Nor does it know shared subscriptions in
 * 3.10 (section 3): a device with one would wait for ever.
 */
function dollarTopic(action: TopicAction, topic: string): string | undefined {
  if (action === 'publish') return topic.startsWith('$') ? 'wildcards reach $ topics on RabbitMQ' : undefined;
  return hasSharing(topic) ? 'RabbitMQ shares no subscriptions' : undefined;
}

/** no-store: GET has the password in the query, and a proxy may stand in between. */
const HEADERS = Object.freeze({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });

function reply(body: string): WebhookReply {
  return Object.freeze({ status: 200, headers: HEADERS, body });
}

const ALLOW = reply('allow');
const ALLOW_WITH_TAG: ReadonlyMap<string, WebhookReply> = new Map(
  [CERTIFICATE_TAG, PASSWORD_TAG].map((tag) => [tag, reply(`allow ${tag}`)]),
);
const DENY = reply('deny');

/**
 * Always 200 and one of two words, on error too (section 2): 503 may make Erlang's HTTP client repeat for ever, and any
 * other text makes RabbitMQ drop the connection. Only /user may say more, which are tags.
 */
function answer(decision: Decision): WebhookReply {
  return decision.outcome === 'allow' ? ALLOW : DENY;
}

function answerUser(decision: Decision, question: Question | undefined): WebhookReply {
  const tag = question?.kind === 'connect' ? (question as UserQuestion).tag : undefined;
  const tagged = tag === undefined ? undefined : ALLOW_WITH_TAG.get(tag);
  return tagged !== undefined && decision.outcome === 'allow' ? tagged : answer(decision);
}

const METHODS = ['POST', 'GET'] as const;

export const rabbitmq: Dialect = {
  broker: 'rabbitmq',
  certificateForms: {
    body: [RABBITMQ_NAME, RABBITMQ_DN],
    headers: false,
    names: { subject: 'rfc4514', commonName: 'joined' },
  },
  // A vhost is refused with another code than a password (section 2).
  refusedConnect: (_refusal, endpoint) => (endpoint === 'vhost' ? NOT_AUTHORIZED : BAD_CREDENTIALS),
  endpoints: [
    { name: 'connect', path: '/rabbitmq/user', methods: METHODS, read: readUser, answer: answerUser },
    { name: 'vhost', path: '/rabbitmq/vhost', methods: METHODS, read: readVhost, answer },
    { name: 'resource', path: '/rabbitmq/resource', methods: METHODS, read: readResource, answer },
    { name: 'topic', path: '/rabbitmq/topic', methods: METHODS, read: readTopic, answer },
  ],
};

/**
 * The topic name of a publish. A `*` stays: RabbitMQ takes it for a letter in a message's key, and accepts
 * a PUBLISH to a topic with such a level (section 3).
 */
function publishedTopic(routingKey: string): string {
  return levelsOf(routingKey).join('/');
}

/** The topic filter of a subscription; only a level that is `*` and nothing else matches anything but itself. */
function subscribedFilter(routingKey: string): string {
  return levelsOf(routingKey)
    .map((level) => (level === '*' ? '+' : level))
    .join('/');
}

/** With `mqtt.sparkplug` the dot of the version is kept apart from the levels: `spBv1.0/…` has the key `spBv1___0.…`. */
const SPARKPLUG_VERSION = /^(sp[AB]v\d+)___(\d+)(?=\.)/;

/**
 * The levels of an MQTT topic as RabbitMQ's exchange knows it (`rabbitmq.md` section 3): `/` is `.`, then `+` is `*`; `#` stays.
 *
 * The way back is ambiguous: a `.` inside a level looks like `/`. RabbitMQ itself routes and delivers by the key, so the
 * topic that is judged is the one that subscribers see, which is what the key says.
 */
function levelsOf(routingKey: string): string[] {
  const version = SPARKPLUG_VERSION.exec(routingKey);
  if (version === null) return routingKey.split('.');
  const others = routingKey.slice(version[0].length + 1).split('.');
  return [`${version[1]}.${version[2]}`, ...others];
}
