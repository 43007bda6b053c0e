import { deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../model/peer-certificate.ts';
import type { ConnectAttempt, Question, TopicAccess, TopicAction } from '../../model/question.ts';
import { SUPERUSER_REFUSED, topicText } from '../acl-request.ts';
import type { BrokerSettings, Dialect, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { type CertificateField, ignoredFields } from '../ignored-certificates.ts';
import { statusReplies } from '../status-replies.ts';
import { nanomqFields, sentAsJson } from './fields.ts';

/**
 * NanoMQ's `auth.http_auth` (`nanomq.md`), `auth_req`, `super_req` and `acl_req` of NanoMQ 0.21.10 to 0.25.6.
 *
 * Section numbers below are of `nanomq.md`. It reads nothing of an answer but whether its status is exactly 200.
 */

/** Common name and subject as two strings, the only form in which NanoMQ tells of a certificate (section 4). */
const NANOMQ_NAME = 'nanomq_name';

/** More filters than any honest SUBSCRIBE holds; each costs a check, and two megabytes hold a million commas. */
const MAX_FILTERS = 1_000;

// The names are the operator's own (`params`); ours stand first, then the spellings that people bring along.
const CLIENT_ID = ['clientid', 'client_id', 'clientId'] as const;
const USERNAME = ['username', 'user_name'] as const;
const PASSWORD = ['password'] as const;
const PEER_ADDRESS = ['ipaddr', 'ipaddress', 'ip'] as const;
const LISTENER = ['sockport', 'port'] as const;
const PROTOCOL = ['protocol', 'proto_name'] as const;
const COMMON_NAME = ['common_name', 'cn'] as const;
const SUBJECT = ['subject', 'dn'] as const;
const NAMES: readonly CertificateField[] = [{ names: [...COMMON_NAME, ...SUBJECT], form: NANOMQ_NAME }];
const ACCESS = ['access', 'acc'] as const;
const TOPIC = ['topic'] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...[...CLIENT_ID, ...USERNAME, ...PASSWORD, ...PEER_ADDRESS, ...LISTENER],
  ...[...PROTOCOL, ...COMMON_NAME, ...SUBJECT, ...ACCESS, ...TOPIC],
]);

/** `%A`: in `acl_req` and `super_req` only (section 3). */
const ACTIONS: ReadonlyMap<string, TopicAction> = new Map([
  ['1', 'subscribe'],
  ['2', 'publish'],
]);

const reply = statusReplies({
  contentType: 'application/json; charset=utf-8',
  allow: '{"result":"allow"}',
  refuse: (outcome, code) => JSON.stringify({ result: outcome, reason: code }),
});

/** The fields that `auth_req` and `acl_req` share. Absent and empty are one here: NanoMQ leaves both out (section 3). */
function readClient(request: WebhookRequest, fields: Fields, settings: BrokerSettings) {
  const certificate = readCertificateName(request, fields, settings);
  const clientId = fields.text(CLIENT_ID) ?? '';
  const username = fields.filled(USERNAME);
  const password = fields.filled(PASSWORD);
  if (clientId === '' && username === undefined && password === undefined && certificate.kind === 'none') {
    // A block without any header sends a bare GET, one without params an empty body (section 2).
    throw new ThingPassError(
      'request_unreadable',
      'no field names the client: http_auth needs params, and one header at least',
    );
  }
  const peerAddress = fields.filled(PEER_ADDRESS);
  const listener = fields.filled(LISTENER);
  return { broker: 'nanomq', clientId, username, password, certificate, peerAddress, listener } as const;
}

/**
 * The certificate's names, as two texts; `common_name` is "everything after the first CN="
 * (section 4), so it is no common name yet.
 *
 * A form or query is no place for them: before 0.25.2 NanoMQ pastes the user name into it unencoded, a client without a
 * certificate may call itself `x&common_name=admin`, and nothing in the request tells the version. JSON is escaped in all.
 */
function readCertificateName(
  request: WebhookRequest,
  fields: Fields,
  settings: BrokerSettings,
): PresentedCertificate {
  const commonName = fields.text(COMMON_NAME);
  const subject = fields.text(SUBJECT);
  if (commonName === undefined && subject === undefined) return NO_CERTIFICATE;
  if (!settings.certificateForms.has(NANOMQ_NAME)) return NO_CERTIFICATE;
  if (!sentAsJson(request)) {
    return {
      kind: 'unreadable',
      form: NANOMQ_NAME,
      detail: 'a name in a form or query may be the client’s own text: let NanoMQ send JSON',
    };
  }
  return { kind: 'name', form: NANOMQ_NAME, commonName, subject };
}

function readConnect(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = nanomqFields(request, KNOWN);
  const client = readClient(request, fields, settings);
  // `MQTT` is said for 3.1.1 and 5 alike (section 3).
  const protocolVersion = fields.text(PROTOCOL) === 'MQIsdp' ? 3 : undefined;
  const ignoredCertificates = ignoredFields(fields, NAMES, settings.certificateForms);
  const attempt: ConnectAttempt = { protocolVersion, ignoredCertificates, ...client };
  return { kind: 'connect', attempt };
}

/**
 * @throws {ThingPassError} `request_unreadable` also for an `access` that is neither 1 nor 2, and for a topic that is
 *   not UTF-8.
 */
function readTopic(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = nanomqFields(request, KNOWN);
  const client = readClient(request, fields, settings);
  const action = ACTIONS.get(fields.required(ACCESS));
  if (action === undefined) throw new ThingPassError('request_unreadable', 'field access is neither 1 nor 2');
  const topic = topicText(fields, TOPIC);

  if (action === 'publish') {
    if (isStatusEvent(topic, client.clientId)) return STATUS_EVENT;
    return { kind: 'topic', accesses: [{ action, topic, ...client }] };
  }
  const filters = topic.split(',');
  if (filters.length > MAX_FILTERS) return TOO_MANY_FILTERS;
  if (filters.includes('')) return EMPTY_FILTER;
  const accesses = filters.map((filter): TopicAccess => ({ action, topic: filter, ...client }));
  return { kind: 'topic', accesses };
}

/*
 * All filters of one SUBSCRIBE come joined by commas, unescaped (section 3), so one filter with a comma inside looks like
 * two. It is read as two, and both must be allowed. What that may grant beyond them is the one filter `a,b` where `a` and
 * `b` are allowed: it matches only topics that hold that comma themselves. An operator who lets devices publish to topics with
 * commas on NanoMQ should know that (`deploy/nanomq/README.md`). A publish names one topic and is never split.
 *
 * No filter is empty (MQTT 5 section 4.7.3), so an empty part is certainly such a filter, and is refused.
 */
const EMPTY_FILTER: Question = Object.freeze({
  kind: 'settled',
  decision: deny('topic_invalid', [{ step: 'filters', detail: 'a filter with a comma at its edge' }]),
});

const TOO_MANY_FILTERS: Question = Object.freeze({
  kind: 'settled',
  decision: deny('topic_filter_too_complex', [
    { step: 'filters', detail: `more than ${MAX_FILTERS} in one SUBSCRIBE` },
  ]),
});

/**
 * The broker's own event of a client's coming and going, asked as if the client published it, up to four times a session
 * (section 5). Refusing it suppresses the event and leaves the client alone. It is no refusal of anything that a client
 * did: hence settled here, under a reason that no topic rule gives.
 */
const STATUS_EVENT: Question = Object.freeze({
  kind: 'settled',
  decision: deny('not_supported', [
    { step: 'status_event', detail: 'the broker’s own event, not the client’s publish: suppressed' },
  ]),
});

const CLIENT_STATUS = '$SYS/brokers/client_status/';
/** Up to 0.21.11. */
const OLD_STATUS_EVENTS: ReadonlySet<string> = new Set([
  '$SYS/brokers/connected',
  '$SYS/brokers/disconnected',
]);

/** Another client's status topic is not an event but an attempt, and goes the way of every publish. */
function isStatusEvent(topic: string, clientId: string): boolean {
  if (OLD_STATUS_EVENTS.has(topic)) return true;
  return topic.startsWith(CLIENT_STATUS) && (clientId === '' || topic === CLIENT_STATUS + clientId);
}

export const nanomq: Dialect = {
  broker: 'nanomq',
  // Always the TCP peer (section 3, `%a`).
  trustsPeerAddress: () => true,
  certificateForms: {
    body: [NANOMQ_NAME],
    headers: false,
    // The common name is everything behind the first `CN=` (section 4).
    names: { subject: 'mbedtls', commonName: 'unreliable' },
  },
  refusedConnect: {
    deny: {
      note: 'closed without a CONNACK (0.25.2 and later); up to 0.25.1 CONNACK 0x87 in every MQTT version',
    },
  },
  endpoints: [
    { name: 'connect', path: '/nanomq/auth', methods: ['POST', 'GET'], read: readConnect, answer: reply },
    {
      name: 'superuser',
      path: '/nanomq/superuser',
      methods: ['POST', 'GET'],
      // Up to 0.22.2 a 200 meant "denied" here (section 7); anything else goes on to acl_req in every version.
      read: () => SUPERUSER_REFUSED,
      answer: reply,
    },
    { name: 'topic', path: '/nanomq/acl', methods: ['POST', 'GET'], read: readTopic, answer: reply },
  ],
};
