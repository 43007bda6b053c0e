import type { Deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../model/peer-certificate.ts';
import type { Question, TopicAccess, TopicAction } from '../../model/question.ts';
import { SUPERUSER_REFUSED, topicText } from '../acl-request.ts';
import type { BrokerSettings, Dialect, Endpoint, WebhookReply, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { nameInUsername } from '../name-in-username.ts';
import { readBody, readFields } from '../read-fields.ts';
import { NOT_AUTHORIZED } from '../refused-connect.ts';
import { statusReplies } from '../status-replies.ts';

/**
 * mosquitto-go-auth's http backend and its jwt backend in remote mode (`mosquitto.md`), and those who speak the same:
 * the lhns fork, amqtt, and the ancestor mosquitto-auth-plug (section 11). Section numbers below are of `mosquitto.md`.
 */

/** `use_identity_as_username`: the user name is the certificate's common name (section 10). */
const MOSQUITTO_NAME = 'mosquitto_name';
/** `use_subject_as_username`: the user name is the certificate's subject. */
const MOSQUITTO_SUBJECT = 'mosquitto_subject';

const NAME_FORMS = { commonName: MOSQUITTO_NAME, subject: MOSQUITTO_SUBJECT } as const;

/** `acc` of an ACL request (section 3); 3 is never sent, and asks for both where someone does. */
const ACTIONS: ReadonlyMap<string, readonly TopicAction[]> = new Map<string, readonly TopicAction[]>([
  ['1', ['receive']],
  ['2', ['publish']],
  ['3', ['publish', 'subscribe']],
  ['4', ['subscribe']],
]);

/**
 * One body for the response modes status (body ignored) and json (`ok` decides), section 4. Nothing in a request tells
 * the mode. The code goes to the plugin's log.
 */
const replyToStatusOrJson = statusReplies({
  contentType: 'application/json; charset=utf-8',
  allow: '{"ok":true,"error":""}',
  refuse: (_outcome, code) => JSON.stringify({ ok: false, error: code }),
});

/** Text mode: the body `ok`, without a line feed, is the only "yes" (section 4). */
const replyToText = statusReplies({
  contentType: 'text/plain; charset=utf-8',
  allow: 'ok',
  refuse: (_outcome, code) => code,
});

/**
 * The fields, which are in the body whatever the method: json with GET has a body too, and a query is the URI's own
 * (sections 2 and 3). A GET without a body is amqtt's form mode or the jwt backend's user request (sections 9 and 11).
 */
function goAuthFields(request: WebhookRequest): Fields {
  const bodiless = request.method === 'GET' && request.body.length === 0;
  return bodiless ? readFields(request) : readBody(request);
}

interface Client {
  readonly username: string | undefined;
  readonly certificate: PresentedCertificate;
  /** True where the user name came as a Bearer token: the jwt backend says nothing of a password. */
  readonly bearer: boolean;
}

/**
 * Who asks: the Bearer text of the jwt backend, which is the MQTT user name (section 9; with `jwt_parse_token` the body
 * names the token's subject besides, which is the plugin's reading of it), else the field `username`.
 *
 * That name may as well be the CN or the subject of a certificate: `use_identity_as_username` sends it in the same place,
 * and a request does not tell (section 10). So where a form of names is enabled, every user name is one; what comes with a
 * password is a client's own, since certificate clients have none left.
 */
function readClient(request: WebhookRequest, fields: Fields, settings: BrokerSettings): Client | Deny {
  const named = fields.filled('username');
  const token = bearerToken(request.headers.authorization);
  const username = token ?? named;
  const bearer = token !== undefined;
  if (username !== undefined && (bearer || fields.filled('password') === undefined)) {
    const certificate = nameInUsername(username, NAME_FORMS, settings);
    if (certificate !== undefined) {
      return 'outcome' in certificate ? certificate : { username: undefined, certificate, bearer };
    }
  }
  return { username, certificate: NO_CERTIFICATE, bearer };
}

/**
 * The text after `Bearer `; Basic is the broker's secret, or mosquitto-auth-plug's copy of the client's, and names nobody
 * here. Go writes the name's UTF-8 bytes as they are, and Node shows header bytes as latin1 (section 5).
 */
function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization?.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  return Buffer.from(authorization.slice(7), 'latin1').toString('utf8') || undefined;
}

/** Empty and absent are one: the lhns fork sends absent credentials as empty texts (section 11). */
function readUser(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = goAuthFields(request);
  const client = readClient(request, fields, settings);
  if ('outcome' in client) return { kind: 'settled', decision: client };
  const { username, certificate, bearer } = client;
  const clientId = fields.text('clientid') ?? '';
  const sent = fields.filled('password');
  const password = bearer ? undefined : sent;
  if (username === undefined && password === undefined && clientId === '' && certificate.kind === 'none') {
    throw new ThingPassError('request_unreadable', 'no field and no Bearer token names the client');
  }
  return { kind: 'connect', attempt: { broker: 'mosquitto', clientId, username, password, certificate } };
}

/**
 * @throws {ThingPassError} `request_unreadable` also for an `acc` that asks for no access, such as 8 (unsubscribe) or
 *   the ancestor's -1.
 */
function readAcl(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = goAuthFields(request);
  const client = readClient(request, fields, settings);
  if ('outcome' in client) return { kind: 'settled', decision: client };
  const { username, certificate } = client;
  const clientId = fields.text('clientid') ?? '';
  const actions = ACTIONS.get(fields.required('acc'));
  if (actions === undefined)
    throw new ThingPassError('request_unreadable', 'field acc is not one of 1, 2, 3, 4');
  const topic = topicText(fields, 'topic');
  if (username === undefined && clientId === '' && certificate.kind === 'none') {
    throw new ThingPassError('request_unreadable', 'no field and no Bearer token names the client');
  }
  const accesses = actions.map(
    (action): TopicAccess => ({ broker: 'mosquitto', clientId, username, certificate, action, topic }),
  );
  return { kind: 'topic', accesses };
}

function endpointsBelow(root: string, answer: (decision: Parameters<Endpoint['answer']>[0]) => WebhookReply) {
  const methods = ['POST', 'GET', 'PUT'] as const;
  return [
    { name: 'connect', path: `${root}/user`, methods, read: readUser, answer },
    { name: 'superuser', path: `${root}/superuser`, methods, read: () => SUPERUSER_REFUSED, answer },
    { name: 'topic', path: `${root}/acl`, methods, read: readAcl, answer },
  ];
}

export const mosquitto: Dialect = {
  broker: 'mosquitto',
  certificateForms: {
    body: [MOSQUITTO_NAME, MOSQUITTO_SUBJECT],
    headers: false,
    names: { subject: 'rfc4514', commonName: 'exact' },
  },
  refusedConnect: { deny: NOT_AUTHORIZED, unavailable: { note: 'closed without a CONNACK' } },
  endpoints: [
    ...endpointsBelow('/mosquitto', replyToStatusOrJson),
    ...endpointsBelow('/mosquitto/text', replyToText),
  ],
};
