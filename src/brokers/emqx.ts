import { EMQX_CERT_PEM, readEmqxCertPem } from '../certificates/forms/emqx.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../certificates/peer-certificate.ts';
import { deny } from '../decision.ts';
import type { TopicAccess, TopicAction } from '../question.ts';
import { DEFAULT_SCRAM_ITERATIONS, type ScramAlgorithm } from '../secrets/scram.ts';
import { topicText } from './acl-request.ts';
import {
  type BrokerSettings,
  type Dialect,
  type Question,
  RequestUnreadable,
  type WebhookRequest,
} from './dialect.ts';
import { answerConnect, answerScram, answerTopic, PASSPORT_ATTRIBUTE } from './emqx-replies.ts';
import { type Fields, readFields } from './fields.ts';

/**
 * EMQX 5 and 6: the authenticator `password_based:http` and the authorization source `http` (`emqx.md`, whose section
 * numbers are cited below). Only the fields of `body` are read, never a header: a header that a broker fills with a
 * client's text can be spliced by it (section 2).
 */

/** `${cert_common_name}` and `${cert_subject}` without the certificate (section 6). */
export const EMQX_NAME = 'emqx_name';

// The names are the operator's own (`body`); EMQX's placeholder names stand first.
const CLIENT_ID = ['clientid', 'client_id', 'clientId'] as const;
const USERNAME = ['username', 'user_name', 'userName'] as const;
const PASSWORD = ['password'] as const;
const CERTIFICATE = ['cert_pem'] as const;
const COMMON_NAME = ['cert_common_name'] as const;
const SUBJECT = ['cert_subject'] as const;
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

/** A placeholder that EMQX does not know in this place, or not in this version, comes as its own text (section 2.2). */
function isPlaceholder(text: string): boolean {
  return text.startsWith('${') && text.indexOf('}') === text.length - 1;
}

/** The broker's configuration does not fill in a field on which the client's identity hangs. */
class PlaceholderNotFilled extends Error {
  override readonly name = 'PlaceholderNotFilled';
}

/**
 * A field that says who the client is; empty means absent, since EMQX sends nothing else for it (section 2.2).
 * @throws {PlaceholderNotFilled} for an unreplaced placeholder: never a credential (section 10).
 */
function identifying(fields: Fields, names: readonly string[]): string | undefined {
  const text = fields.filled(...names);
  if (text !== undefined && isPlaceholder(text)) {
    throw new PlaceholderNotFilled(`field ${names[0]} holds a placeholder: this EMQX does not know it there`);
  }
  return text;
}

/** A field that only adds to the picture: an unreplaced placeholder is as good as none. */
function additional(fields: Fields, names: readonly string[]): string | undefined {
  const text = fields.filled(...names);
  return text && isPlaceholder(text) ? undefined : text;
}

function readClient(fields: Fields, settings: BrokerSettings) {
  return {
    broker: 'emqx',
    clientId: identifying(fields, CLIENT_ID) ?? '',
    username: identifying(fields, USERNAME),
    certificate: readCertificate(fields, settings),
    peerAddress: additional(fields, PEER_ADDRESS),
    listener: additional(fields, LISTENER),
  } as const;
}

/**
 * The certificate in whichever form is switched on; others are not looked at. Where the whole certificate is switched on,
 * its name alone, which is all that a listener behind a proxy or an authorization request has, is not taken for it.
 */
function readCertificate(fields: Fields, settings: BrokerSettings): PresentedCertificate {
  const forms = settings.certificateForms;
  if (forms.size === 0) return NO_CERTIFICATE;
  if (forms.has(EMQX_CERT_PEM)) {
    const certificate = readEmqxCertPem(certificateText(identifying(fields, CERTIFICATE)));
    if (certificate.kind !== 'none') return certificate;
  }
  if (!forms.has(EMQX_NAME)) return NO_CERTIFICATE;
  const commonName = identifying(fields, COMMON_NAME);
  const subject = identifying(fields, SUBJECT);
  if (commonName === undefined && subject === undefined) return NO_CERTIFICATE;
  return { kind: 'name', form: EMQX_NAME, commonName, subject };
}

/**
 * Base64 as EMQX wrote it, where something between decoded it once too often or too seldom (section 10): Base64 holds
 * neither blanks nor percent signs, so this reads no certificate into another. PEM is left as it is.
 */
function certificateText(text: string | undefined): string | undefined {
  if (text === undefined || text.startsWith('-')) return text;
  let decoded = text;
  if (text.includes('%')) {
    try {
      decoded = decodeURIComponent(text);
    } catch {
      return text;
    }
  }
  return decoded.startsWith('-') ? decoded : decoded.replaceAll(' ', '+');
}

function readConnect(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  try {
    const client = readClient(fields, settings);
    const password = identifying(fields, PASSWORD);
    if (client.clientId === '' && !client.username && !password && client.certificate.kind === 'none') {
      // An authenticator without `body` sends `{}` (section 2).
      throw new RequestUnreadable('no field names the client: the authenticator needs a body');
    }
    return { kind: 'connect', attempt: { password, ...client } };
  } catch (error) {
    return refuseUnfilled(error);
  }
}

/** @throws {RequestUnreadable} also for a missing topic, or a missing or unknown action. */
function readTopic(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  try {
    const client = readClient(fields, settings);
    const action = ACTIONS.get(fields.text('action') ?? fields.required('access'));
    if (action === undefined) throw new RequestUnreadable('field action is neither publish nor subscribe');
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
  if (!(error instanceof PlaceholderNotFilled)) throw error;
  const steps = [{ step: 'read_request', said: error.message }];
  return { kind: 'settled', decision: deny('placeholder_not_filled', steps) };
}

const ALGORITHMS: ReadonlyMap<string, ScramAlgorithm> = new Map([
  ['sha256', 'sha256'],
  ['sha512', 'sha512'],
]);

/**
 * The authenticator `scram:http` (section 7). Its `algorithm` and `iteration_count` are no placeholders: the operator
 * writes them into `body` again, where they are not EMQX's defaults.
 * @throws {RequestUnreadable} also for an algorithm or an iteration count that EMQX does not know.
 */
function readScram(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  try {
    const client = readClient(fields, settings);
    const { username } = client;
    if (username === undefined) throw new RequestUnreadable('field username is missing');
    const algorithm = ALGORITHMS.get(fields.filled('algorithm') ?? 'sha256');
    if (algorithm === undefined) throw new RequestUnreadable('field algorithm is neither sha256 nor sha512');
    const iterations = Number(fields.filled('iteration_count') ?? DEFAULT_SCRAM_ITERATIONS);
    if (!Number.isInteger(iterations))
      throw new RequestUnreadable('field iteration_count is not a whole number');
    return { kind: 'scram', attempt: { ...client, username, algorithm, iterations } };
  } catch (error) {
    return refuseUnfilled(error);
  }
}

const METHODS = ['POST', 'GET'] as const;

export const emqx: Dialect = {
  broker: 'emqx',
  carriesPassport: true,
  tellsRights: true,
  certificateForms: { body: [EMQX_CERT_PEM, EMQX_NAME], headers: false },
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
