import { EMQX_CERT_PEM, readEmqxCertPem } from '../certificates/forms/emqx.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../certificates/peer-certificate.ts';
import { type Allow, type Decision, deny } from '../decision.ts';
import type { TopicAccess, TopicAction } from '../question.ts';
import { topicText } from './acl-request.ts';
import {
  type BrokerSettings,
  type Dialect,
  type Question,
  RequestUnreadable,
  type WebhookReply,
  type WebhookRequest,
} from './dialect.ts';
import { type Fields, readFields } from './fields.ts';

/**
 * EMQX 5 and 6: the authenticator `password_based:http` and the authorization source `http` (`emqx.md`). Section numbers
 * below are of `emqx.md`.
 */

/** `${cert_common_name}` and `${cert_subject}` without the certificate (section 6). */
export const EMQX_NAME = 'emqx_name';

/** The attribute in which a passport travels: `client_attrs` of the answer, `${client_attrs.thingpass}` of later requests. */
export const PASSPORT_ATTRIBUTE = 'thingpass';

// The names are the operator's own (`body`); EMQX's placeholder names stand first.
const CLIENT_ID = ['clientid', 'client_id', 'clientId'] as const;
const USERNAME = ['username', 'user_name'] as const;
const PASSWORD = ['password'] as const;
const PASSPORT = [
  `client_attrs__${PASSPORT_ATTRIBUTE}`,
  `client_attrs.${PASSPORT_ATTRIBUTE}`,
  'passport',
] as const;

const ACTIONS: ReadonlyMap<string, TopicAction> = new Map([
  ['publish', 'publish'],
  ['subscribe', 'subscribe'],
  ['2', 'publish'],
  ['1', 'subscribe'],
]);

/** A placeholder that EMQX does not know in this place, or not in this version, comes as its own text (section 2.2). */
const UNFILLED = /^\$\{[^}]*\}$/;

/** A part of the question that the broker's configuration leaves out, although the client's identity hangs on it. */
class PlaceholderNotFilled extends Error {
  override readonly name = 'PlaceholderNotFilled';
}

/**
 * A field that says who the client is; empty means absent, since EMQX sends nothing else for it (section 2.2).
 * @throws {PlaceholderNotFilled} for an unreplaced placeholder: never a credential (section 10).
 */
function identifying(fields: Fields, names: readonly string[]): string | undefined {
  const text = fields.filled(...names);
  if (text !== undefined && UNFILLED.test(text))
    throw new PlaceholderNotFilled(`field ${names[0]} holds a placeholder`);
  return text;
}

/** A field that only adds to the picture: an unreplaced placeholder is as good as none. */
function additional(fields: Fields, ...names: readonly string[]): string | undefined {
  const text = fields.filled(...names);
  return text === undefined || UNFILLED.test(text) ? undefined : text;
}

function readClient(fields: Fields, settings: BrokerSettings) {
  return {
    broker: 'emqx',
    clientId: identifying(fields, CLIENT_ID) ?? '',
    username: identifying(fields, USERNAME),
    certificate: readCertificate(fields, settings),
    peerAddress: additional(fields, 'peerhost', 'ipaddr'),
    listener: additional(fields, 'listener'),
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
    const certificate = readEmqxCertPem(identifying(fields, ['cert_pem']));
    if (certificate.kind !== 'none') return certificate;
  }
  if (!forms.has(EMQX_NAME)) return NO_CERTIFICATE;
  const commonName = identifying(fields, ['cert_common_name']);
  const subject = identifying(fields, ['cert_subject']);
  if (commonName === undefined && subject === undefined) return NO_CERTIFICATE;
  return { kind: 'name', form: EMQX_NAME, commonName, subject };
}

function readConnect(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  return unlessUnfilled(() => {
    const client = readClient(fields, settings);
    const password = identifying(fields, PASSWORD);
    if (client.clientId === '' && !client.username && !password && client.certificate.kind === 'none') {
      throw new RequestUnreadable('no field names the client: the authenticator needs a body');
    }
    return { kind: 'connect', attempt: { ...client, password } };
  });
}

/** @throws {RequestUnreadable} also for a missing action or topic. */
function readTopic(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  return unlessUnfilled(() => {
    const client = readClient(fields, settings);
    const action = ACTIONS.get(fields.text('action') ?? fields.required('access'));
    if (action === undefined) throw new RequestUnreadable('field action is neither publish nor subscribe');
    const topic = topicText(fields, 'topic');
    const qos = additional(fields, 'qos');
    const retain = additional(fields, 'retain');
    const access: TopicAccess = {
      ...client,
      action,
      topic,
      qos: qos === '0' || qos === '1' || qos === '2' ? (Number(qos) as 0 | 1 | 2) : undefined,
      retain: retain === undefined ? undefined : retain === 'true',
      passport: additional(fields, ...PASSPORT),
    };
    return { kind: 'topic', accesses: [access] };
  });
}

function unlessUnfilled(read: () => Question): Question {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PlaceholderNotFilled)) throw error;
    const steps = [{ step: 'read_request', said: error.message }];
    return { kind: 'settled', decision: deny('placeholder_not_filled', steps) };
  }
}

const JSON_HEADERS = Object.freeze({ 'content-type': 'application/json' });

function reply(status: number, body: object): WebhookReply {
  return Object.freeze({ status, headers: JSON_HEADERS, body: JSON.stringify(body) });
}

const ALLOW = reply(200, { result: 'allow' });
const DENY = reply(200, { result: 'deny' });
const IGNORE = reply(200, { result: 'ignore' });
/** Skipped like "ignore", but not kept for a minute by the answer cache that 6.2 has (section 2.3). */
const UNAVAILABLE = reply(503, { error: 'unavailable' });

/**
 * Status 200 whatever is decided (section 3.1): 401 and 403 do not deny but are skipped. Only "cannot decide" is another
 * status, which is skipped too; with no authenticator behind this one the client is refused.
 */
function answerConnect(decision: Decision): WebhookReply {
  switch (decision.outcome) {
    case 'allow':
      return answerAllow(decision);
    case 'no_opinion':
      return IGNORE;
    case 'unavailable':
      return UNAVAILABLE;
    case 'deny':
      return DENY;
  }
}

function answerAllow({ expiresAt, passport }: Allow): WebhookReply {
  if (expiresAt === undefined && passport === undefined) return ALLOW;
  // Whole seconds, in the future: anything else is answered "bad user name or password" (section 3.2).
  const expireAt = expiresAt === undefined ? undefined : Math.floor(expiresAt / 1_000);
  if (expireAt !== undefined && expireAt * 1_000 <= Date.now()) return DENY;
  return reply(200, {
    result: 'allow',
    ...(expireAt === undefined ? {} : { expire_at: expireAt }),
    ...(passport === undefined ? {} : { client_attrs: { [PASSPORT_ATTRIBUTE]: passport } }),
  });
}

/** Anything but 200 falls through to `no_match`, which allows by default, and is cached (section 5): so always 200. */
function answerTopic(decision: Decision): WebhookReply {
  return decision.outcome === 'allow' ? ALLOW : DENY;
}

/** Keys for SCRAM stand in no credential yet; 404 refuses, while any 200 with keys in it would let in (section 7). */
const SCRAM_REFUSED = reply(404, { error: 'not supported' });

export const emqx: Dialect = {
  broker: 'emqx',
  carriesPassport: true,
  endpoints: [
    {
      name: 'connect',
      path: '/emqx/authentication',
      methods: ['POST', 'GET'],
      read: readConnect,
      answer: answerConnect,
    },
    {
      name: 'topic',
      path: '/emqx/authorization',
      methods: ['POST', 'GET'],
      read: readTopic,
      answer: answerTopic,
    },
    {
      name: 'scram',
      path: '/emqx/scram',
      methods: ['POST', 'GET'],
      read: () => ({ kind: 'settled', decision: deny('not_supported') }),
      answer: () => SCRAM_REFUSED,
    },
  ],
};
