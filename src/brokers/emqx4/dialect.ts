import { type Decision, deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../model/peer-certificate.ts';
import type { Question, TopicAccess, TopicAction } from '../../model/question.ts';
import { SUPERUSER_REFUSED, topicText } from '../acl-request.ts';
import type { BrokerSettings, Dialect, WebhookReply, WebhookRequest } from '../dialect.ts';
import type { FieldNames, Fields } from '../fields.ts';
import { type CertificateField, ignoredFields } from '../ignored-certificates.ts';
import { readFields } from '../read-fields.ts';
import {
  BAD_CREDENTIALS,
  NOT_AUTHORIZED,
  type RefusedConnect,
  type SeenByClient,
} from '../refused-connect.ts';
import { statusReplies } from '../status-replies.ts';

/** EMQX 4's plugin `emqx_auth_http` (`emqx.md` section 9): three requests, and the status decides. */

/** `%C` and `%d`, the common name and subject of the client certificate. */
const EMQX4_NAME = 'emqx4_name';

const COMMON_NAME = ['common_name', 'cn', 'cert_common_name'] as const;
const SUBJECT = ['subject', 'dn', 'cert_subject'] as const;
const NAMES: readonly CertificateField[] = [{ names: [...COMMON_NAME, ...SUBJECT], form: EMQX4_NAME }];

/** Missing values come as these texts, which are therefore nobody's name or password. */
const MISSING = new Set(['', 'null', 'undefined']);

function isMissing(text: string): boolean {
  return MISSING.has(text);
}

const ACTIONS: ReadonlyMap<string, TopicAction> = new Map([
  ['1', 'subscribe'],
  ['2', 'publish'],
]);

function given(fields: Fields, names: FieldNames): string | undefined {
  const text = fields.text(names);
  return text === undefined || isMissing(text) ? undefined : text;
}

function readClient(fields: Fields, settings: BrokerSettings) {
  return {
    broker: 'emqx4',
    clientId: given(fields, ['clientid', 'client_id', 'clientId']) ?? '',
    username: given(fields, 'username'),
    certificate: readName(fields, settings),
    peerAddress: given(fields, ['ipaddr', 'peerhost']),
    listener: given(fields, ['sockport', 'port']),
  } as const;
}

function readName(fields: Fields, settings: BrokerSettings): PresentedCertificate {
  if (!settings.certificateForms.has(EMQX4_NAME)) return NO_CERTIFICATE;
  const commonName = given(fields, COMMON_NAME);
  const subject = given(fields, SUBJECT);
  if (commonName === undefined && subject === undefined) return NO_CERTIFICATE;
  return { kind: 'name', form: EMQX4_NAME, commonName, subject };
}

/**
 * EMQX 4 never asks about a topic of a client whose user name begins with `$`, and allows what nobody decides (section 9):
 * such a client would be free to publish and subscribe to everything.
 */
const NEVER_CHECKED = '$';

const UNCHECKED_NAME: Question = Object.freeze({
  kind: 'settled',
  decision: deny('not_supported', [
    { step: 'user_name', detail: 'begins with $: EMQX 4 would check none of its topics' },
  ]),
});

function readConnect(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  const client = readClient(fields, settings);
  const password = given(fields, 'password');
  if (client.clientId === '' && client.username === undefined && client.certificate.kind === 'none') {
    throw new ThingPassError('request_unreadable', 'no field names the client');
  }
  if (client.username?.startsWith(NEVER_CHECKED)) return UNCHECKED_NAME;
  const ignoredCertificates = ignoredFields(fields, NAMES, settings.certificateForms, isMissing);
  return { kind: 'connect', attempt: { password, ignoredCertificates, ...client } };
}

/** @throws {ThingPassError} `request_unreadable` also for an `access` that is neither 1 nor 2. */
function readTopic(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  const action = ACTIONS.get(fields.required('access'));
  if (action === undefined) throw new ThingPassError('request_unreadable', 'field access is neither 1 nor 2');
  const access: TopicAccess = { action, topic: topicText(fields, 'topic'), ...readClient(fields, settings) };
  return { kind: 'topic', accesses: [access] };
}

/**
 * By the status: 200 allows, 403 is "not authorized", 400 "bad user name or password", 503 "server unavailable". A topic is
 * denied by each of them but 200; only silence would be skipped. The body of 200 is an object without `mountpoint`.
 */
const answer = statusReplies({
  contentType: 'application/json',
  allow: '{"result":"allow"}',
  refuse: (outcome, code) => JSON.stringify({ result: outcome, reason: code }),
});

/** The whole body `ignore` leaves the client to the next authenticator, or to `allow_anonymous`. */
const IGNORE: WebhookReply = Object.freeze({
  status: 200,
  headers: Object.freeze({ 'content-type': 'text/plain', 'cache-control': 'no-store' }),
  body: 'ignore',
});

/** CONNACK's "bad user name or password", where ThingsBoard would send that. */
const BAD_CREDENTIALS_V3 = 4;

function answerConnect(decision: Decision): WebhookReply {
  if (decision.outcome === 'no_opinion') return IGNORE;
  const reply = answer(decision);
  const bad =
    decision.outcome === 'deny' && decision.connack.v3 === BAD_CREDENTIALS_V3 && reply.status === 403;
  return bad ? { ...reply, status: 401 } : reply;
}

const METHODS = ['POST', 'GET'] as const;

/** By the status of the answer (section 9). */
const REFUSED_BY_STATUS: ReadonlyMap<number, SeenByClient> = new Map([
  [400, BAD_CREDENTIALS],
  [401, BAD_CREDENTIALS],
  [403, NOT_AUTHORIZED],
]);
const SERVER_UNAVAILABLE: SeenByClient = { mqtt3: 3, mqtt5: 0x88 };
const UNLESS_NEXT_ADMITS = {
  ...NOT_AUTHORIZED,
  note: 'unless its next authenticator, or allow_anonymous, admits the client',
};

const refusedConnect: RefusedConnect = ({ outcome }, _endpoint, status) =>
  outcome === 'no_opinion' ? UNLESS_NEXT_ADMITS : (REFUSED_BY_STATUS.get(status) ?? SERVER_UNAVAILABLE);

export const emqx4: Dialect = {
  broker: 'emqx4',
  canMountPerDevice: true,
  certificateForms: {
    body: [EMQX4_NAME],
    headers: false,
    names: { subject: 'rfc4514', commonName: 'joined' },
  },
  refusedConnect,
  endpoints: [
    { name: 'connect', path: '/emqx4/auth', methods: METHODS, read: readConnect, answer: answerConnect },
    // 200 with any body makes a superuser, whom EMQX then asks nothing more about; every other status does not.
    { name: 'superuser', path: '/emqx4/superuser', methods: METHODS, read: () => SUPERUSER_REFUSED, answer },
    { name: 'topic', path: '/emqx4/acl', methods: METHODS, read: readTopic, answer },
  ],
};
