import { DEFAULT_SCRAM_ITERATIONS } from '../../engine/secrets/scram.ts';
import { deny } from '../../model/decision.ts';
import { isThingPassError, ThingPassError } from '../../model/errors.ts';
import type { Question, TopicAccess, TopicAction } from '../../model/question.ts';
import type { ScramAlgorithm } from '../../model/scram-keys.ts';
import { topicText } from '../acl-request.ts';
import type { BrokerSettings, Dialect, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { readFields } from '../read-fields.ts';
import { NOT_AUTHORIZED } from '../refused-connect.ts';
import { EMQX_FORMS, ignoredEmqxCertificates, readEmqxCertificate } from './certificate.ts';
import { additional, CLIENT_ID, identifying, USERNAME } from './fields.ts';
import { answerConnect, answerScram, answerTopic, PASSPORT_ATTRIBUTE } from './replies.ts';

/**
 * EMQX 5 and 6: the authenticator `password_based:http` and the authorization source `http` (`emqx.md`, whose section
 * numbers are cited below). Only the fields of `body` are read, never a header: a header that a broker fills with a
 * client's text can be spliced by it (section 2).
 */

const PASSWORD = ['password'] as const;
const PEER_ADDRESS = ['peerhost', 'ipaddr'] as const;
const LISTENER = ['listener'] as const;
const PASSPORT = [
  `client_attrs__${PASSPORT_ATTRIBUTE}`,
  `client_attrs.${PASSPORT_ATTRIBUTE}`,
  'passport',
] as const;

/** `${action}`, and the numbers of `${access}` (section 5). */
const ACTIONS: ReadonlyMap<string, TopicAction> = new Map([
  ['publish', 'publish'],
  ['subscribe', 'subscribe'],
  ['2', 'publish'],
  ['1', 'subscribe'],
]);

function readClient(fields: Fields, settings: BrokerSettings) {
  const listener = additional(fields, LISTENER);
  return {
    broker: 'emqx',
    clientId: identifying(fields, CLIENT_ID) ?? '',
    username: identifying(fields, USERNAME),
    certificate: readEmqxCertificate(fields, settings, listener),
    peerAddress: additional(fields, PEER_ADDRESS),
    listener,
  } as const;
}

function readConnect(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  try {
    const client = readClient(fields, settings);
    const password = identifying(fields, PASSWORD);
    if (client.clientId === '' && !client.username && !password && client.certificate.kind === 'none') {
      // An authenticator without `body` sends `{}` (section 2).
      throw new ThingPassError(
        'request_unreadable',
        'no field names the client: the authenticator needs a body',
      );
    }
    const ignoredCertificates = ignoredEmqxCertificates(fields, settings, client.certificate);
    return { kind: 'connect', attempt: { password, ignoredCertificates, ...client } };
  } catch (error) {
    return refuseUnfilled(error);
  }
}

/** @throws {ThingPassError} `request_unreadable` also for a missing topic, or a missing or unknown action. */
function readTopic(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  try {
    const client = readClient(fields, settings);
    const action = ACTIONS.get(fields.text('action') ?? fields.required('access'));
    if (action === undefined)
      throw new ThingPassError('request_unreadable', 'field action is neither publish nor subscribe');
    const topic = topicText(fields, 'topic');
    const qos = additional(fields, ['qos']);
    const retain = additional(fields, ['retain']);
    const passport = additional(fields, PASSPORT);
    const access: TopicAccess = {
      action,
      topic,
      qos: qos === '0' || qos === '1' || qos === '2' ? (Number(qos) as 0 | 1 | 2) : undefined,
      retain: retain === undefined ? undefined : retain === 'true',
      passport,
      // Last: members behind a spread cost V8 six microseconds, more than all the rest of the reading.
      ...client,
    };
    return { kind: 'topic', accesses: [access] };
  } catch (error) {
    return refuseUnfilled(error);
  }
}

/** @throws whatever else it is given. */
function refuseUnfilled(error: unknown): Question {
  if (!isThingPassError(error, 'placeholder_not_filled')) throw error;
  const steps = [{ step: 'read_request', detail: error.message }];
  return { kind: 'settled', decision: deny('placeholder_not_filled', steps) };
}

const ALGORITHMS: ReadonlyMap<string, ScramAlgorithm> = new Map([
  ['sha256', 'sha256'],
  ['sha512', 'sha512'],
]);

/**
 * The authenticator `scram:http` (section 7). Its `algorithm` and `iteration_count` are no placeholders: the operator
 * writes them into `body` again, where they are not EMQX's defaults.
 * @throws {ThingPassError} `request_unreadable` also for an algorithm or an iteration count that EMQX does not know.
 */
function readScram(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  try {
    const client = readClient(fields, settings);
    const { username } = client;
    if (username === undefined) throw new ThingPassError('request_unreadable', 'field username is missing');
    const algorithm = ALGORITHMS.get(fields.filled('algorithm') ?? 'sha256');
    if (algorithm === undefined)
      throw new ThingPassError('request_unreadable', 'field algorithm is neither sha256 nor sha512');
    const iterations = Number(fields.filled('iteration_count') ?? DEFAULT_SCRAM_ITERATIONS);
    if (!Number.isInteger(iterations))
      throw new ThingPassError('request_unreadable', 'field iteration_count is not a whole number');
    return { kind: 'scram', attempt: { ...client, username, algorithm, iterations } };
  } catch (error) {
    return refuseUnfilled(error);
  }
}

const METHODS = ['POST', 'GET'] as const;

const UNLESS_NEXT_ADMITS = { ...NOT_AUTHORIZED, note: 'unless its next authenticator admits the client' };

export const emqx: Dialect = {
  broker: 'emqx',
  canMountPerDevice: true,
  carriesPassport: true,
  sendsAclAtConnect: true,
  // WebSocket clients choose theirs, unless a proxy does (section 6).
  trustsPeerAddress: ({ listener }) => listener !== undefined && /^(tcp|ssl|quic):/.test(listener),
  certificateForms: { body: EMQX_FORMS, headers: false, names: { subject: 'rfc4514', commonName: 'joined' } },
  refusedConnect: { deny: NOT_AUTHORIZED, unavailable: UNLESS_NEXT_ADMITS, no_opinion: UNLESS_NEXT_ADMITS },
  endpoints: [
    {
      name: 'connect',
      path: '/emqx/authentication',
      methods: METHODS,
      read: readConnect,
      answer: answerConnect,
    },
    { name: 'topic', path: '/emqx/authorization', methods: METHODS, read: readTopic, answer: answerTopic },
    {
      name: 'scram',
      path: '/emqx/scram',
      methods: METHODS,
      read: readScram,
      answer: answerScram,
    },
  ],
};
