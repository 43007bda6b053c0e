import { PROVISION } from '../../engine/credentials/resolve.ts';
import { deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../model/peer-certificate.ts';
import type {
  ConnectAttempt,
  ProtocolVersion,
  Question,
  TopicAccess,
  TopicAction,
} from '../../model/question.ts';
import { topicText } from '../acl-request.ts';
import type { BrokerSettings, Dialect, Endpoint, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { readFields } from '../read-fields.ts';
import { BAD_CREDENTIALS } from '../refused-connect.ts';
import { answerAcl, answerAuth } from './answer.ts';

/**
 * RMQTT's plugin `rmqtt-auth-http` (`rmqtt.md`): one request per CONNECT, one per publish and per filter. Section numbers
 * below are of `rmqtt.md`.
 *
 * It looks like EMQX 4 and shares nothing with it but the numbers of `access`: there the status decides, here every
 * status but 2xx lets the client in (section 6).
 */

/** The certificate's subject in the place of the user name, on separate URLs (section 5). */
const RMQTT_SUBJECT = 'rmqtt_subject';

// The names are the operator's own (`params`); the shipped ones stand first.
const CLIENT_ID = ['clientid', 'client_id', 'clientId'] as const;
const PEER_ADDRESS = ['ipaddr', 'ipaddress', 'ip'] as const;
const USERNAME = ['username'] as const;

/** `%A`, a number here and nowhere a word (sections 2 and 6). */
const ACTIONS: ReadonlyMap<string, TopicAction> = new Map([
  ['1', 'subscribe'],
  ['2', 'publish'],
]);

/** `%r` stays as it is where the session cannot tell (section 2). */
const PROTOCOLS: ReadonlyMap<string, ProtocolVersion> = new Map([
  ['3', 3],
  ['4', 4],
  ['5', 5],
]);

/** Who `%u` names: the client itself, or the certificate that the listener demanded. */
type Naming = (username: string | undefined, settings: BrokerSettings) => Named;

interface Named {
  readonly username: string | undefined;
  readonly certificate: PresentedCertificate;
}

const byUsername: Naming = (username) => ({ username, certificate: NO_CERTIFICATE });

/**
 * For a broker whose every listener demands a certificate and puts its subject into the user name; nothing in a request
 * tells such a login from any other (section 5), so the URL does. A subject is never missing, a common name may be.
 */
const bySubject: Naming = (subject, settings) => {
  const form = RMQTT_SUBJECT;
  if (!settings.certificateForms.has(form)) {
    throw new ThingPassError(
      'request_unreadable',
      `this is the url for certificate subjects, and ${form} is not enabled`,
    );
  }
  const certificate: PresentedCertificate =
    subject === undefined
      ? { kind: 'unreadable', form, detail: 'the subject is empty' }
      : { kind: 'name', form, subject };
  return { username: undefined, certificate };
};

/** Where every client has a certificate, none may do without by calling itself `provision` (src/README.md, "Trust"). */
const NO_PROVISIONING: Question = Object.freeze({
  kind: 'settled',
  decision: deny('provision_session_not_allowed', [
    { step: 'read_request', detail: 'all clients have certificates here' },
  ]),
});

/** Absent and empty are the same (section 2). */
function readClient(fields: Fields, settings: BrokerSettings, naming: Naming) {
  const clientId = fields.text(CLIENT_ID) ?? '';
  const { username, certificate } = naming(fields.filled(USERNAME), settings);
  const peerAddress = fields.filled(PEER_ADDRESS);
  return { broker: 'rmqtt', clientId, username, certificate, peerAddress } as const;
}

function readAuth(request: WebhookRequest, settings: BrokerSettings, naming: Naming): Question {
  const fields = readFields(request);
  const client = readClient(fields, settings, naming);
  if (naming === bySubject && client.clientId === PROVISION) return NO_PROVISIONING;
  // A certificate needs no password, and the one that came is the client's own.
  const sent = fields.filled('password');
  const password = naming === byUsername ? sent : undefined;
  const { clientId, username, certificate } = client;
  if (clientId === '' && username === undefined && password === undefined && certificate.kind === 'none') {
    throw new ThingPassError(
      'request_unreadable',
      'no field names the client: http_auth_req needs its params',
    );
  }
  const protocolVersion = PROTOCOLS.get(fields.text('protocol') ?? '');
  const attempt: ConnectAttempt = { password, protocolVersion, ...client };
  return { kind: 'connect', attempt };
}

/**
 * `%P` is empty here (section 2), so no password is looked for.
 *
 * RMQTT replaces placeholders in what the client sent, too: the user name `%t` is empty at login and the topic here
 * (section 2). So a name that is the topic may be any client's, at its choice, and stands for nobody.
 * @throws {ThingPassError} `request_unreadable` also for an `access` that is neither 1 nor 2.
 */
function readAcl(request: WebhookRequest, settings: BrokerSettings, naming: Naming): Question {
  const fields = readFields(request);
  const action = ACTIONS.get(fields.required('access'));
  if (action === undefined) throw new ThingPassError('request_unreadable', 'field access is neither 1 nor 2');
  const topic = topicText(fields, 'topic');
  const sentName = fields.filled(USERNAME);
  const client = readClient(fields, settings, naming);
  if (client.clientId === '' && sentName === undefined) {
    throw new ThingPassError(
      'request_unreadable',
      'no field names the client: http_acl_req needs its params',
    );
  }
  if (sentName === topic || client.clientId === topic) {
    throw new ThingPassError(
      'request_unreadable',
      'the user name or client id is the topic itself, as the text %t would be',
    );
  }
  if (naming === bySubject && client.clientId === PROVISION) return NO_PROVISIONING;
  const access: TopicAccess = { action, topic, ...client };
  return { kind: 'topic', accesses: [access] };
}

function endpointsBelow(root: string, naming: Naming): Endpoint[] {
  const methods = ['POST', 'GET', 'PUT'] as const;
  const reading =
    (read: typeof readAuth): Endpoint['read'] =>
    (request, settings) =>
      read(request, settings, naming);
  return [
    { name: 'connect', path: `${root}/auth`, methods, read: reading(readAuth), answer: answerAuth },
    { name: 'topic', path: `${root}/acl`, methods, read: reading(readAcl), answer: answerAcl },
  ];
}

export const rmqtt: Dialect = {
  broker: 'rmqtt',
  certificateForms: {
    body: [RMQTT_SUBJECT],
    headers: false,
    names: { subject: 'rfc4514', commonName: 'exact' },
  },
  refusedConnect: {
    deny: BAD_CREDENTIALS,
    no_opinion: { note: 'whatever its next plugin decides; rmqtt-acl as it is shipped admits everybody' },
  },
  endpoints: [...endpointsBelow('/rmqtt', byUsername), ...endpointsBelow('/rmqtt/subject', bySubject)],
};
