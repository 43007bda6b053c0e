import { CONNACK_NOT_AUTHORIZED, type Decision, deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../model/peer-certificate.ts';
import type { Question } from '../../model/question.ts';
import type { BrokerSettings, Dialect, WebhookReply } from '../dialect.ts';
import { ignoredCertificate } from '../ignored-certificates.ts';
import { NOT_AUTHORIZED } from '../refused-connect.ts';
import { tbmqAnswer } from './answer.ts';
import { readTbmqMembers, type TbmqMembers } from './request.ts';

/**
 * TBMQ's HTTP authentication provider (`tbmq.md`), one call per CONNECT; topics are decided in the broker by the rules of
 * the answer. Section numbers below are of `tbmq.md`.
 */

/** `${commonName}`, the one thing that TBMQ tells of a certificate (section 5). */
const TBMQ_NAME = 'tbmq_name';

/** A placeholder that TBMQ does not know comes as its own text, from every client alike (section 1). */
const UNFILLED = /^\$\{[^}]*\}$/;

function readConnect(request: Parameters<typeof readTbmqMembers>[0], settings: BrokerSettings): Question {
  const members = readTbmqMembers(request);
  if (Object.values(members).some((value) => UNFILLED.test(value ?? ''))) return NOT_FILLED;
  const { clientId, username, password } = members;
  const certificate = readName(members, request.method, settings);
  if (clientId === '' && username === '' && password === '' && certificate.kind === 'none') {
    throw new ThingPassError('request_unreadable', 'no member names the client');
  }
  // Absent and empty are the same (section 1).
  const attempt = {
    broker: 'tbmq',
    clientId,
    username: username || undefined,
    password: password || undefined,
    certificate,
    ignoredCertificates:
      members.commonName && !settings.certificateForms.has(TBMQ_NAME)
        ? [ignoredCertificate('commonName', TBMQ_NAME)]
        : undefined,
  } as const;
  return { kind: 'connect', attempt };
}

const NOT_FILLED: Question = Object.freeze({
  kind: 'settled',
  decision: deny('placeholder_not_filled', [
    { step: 'read_request', detail: 'a member holds a placeholder that TBMQ does not know' },
  ]),
});

const NAME_ORDER = 'username,password,clientId,commonName';

/**
 * The common name. An empty one is "no TLS", "no certificate" or "no CN" (section 5): no certificate.
 *
 * Values are pasted into the template unescaped, so a password may bring its own `commonName`. That shows as a
 * repetition only where the template has the genuine one, and it is sure to be the broker's only where that stands last
 * (section 4). So where names are believed the members must be these four in this order: a template that a client could
 * forge works for nobody, and is found when it is tried first.
 * @throws {ThingPassError} `request_unreadable` for another template, and for a name in a query: there everything can be
 *   forged unseen.
 */
function readName(members: TbmqMembers, method: string, settings: BrokerSettings): PresentedCertificate {
  if (!settings.certificateForms.has(TBMQ_NAME)) return NO_CERTIFICATE;
  if (method === 'GET')
    throw new ThingPassError(
      'request_unreadable',
      'names are believed here, and a query can be forged: use POST',
    );
  if (Object.keys(members).join() !== NAME_ORDER) {
    throw new ThingPassError(
      'request_unreadable',
      `names are believed here, so the template must be ${NAME_ORDER} in this order`,
    );
  }
  const { commonName } = members;
  return commonName ? { kind: 'name', form: TBMQ_NAME, commonName } : NO_CERTIFICATE;
}

/** `HEAD` comes from the button "check connection" and names no client: nobody is let in or refused by it. */
const CHECK: Question = Object.freeze({
  kind: 'settled',
  decision: Object.freeze({
    outcome: 'no_opinion',
    reason: 'not_supported',
    connack: CONNACK_NOT_AUTHORIZED,
    countsAsFailure: false,
    steps: [{ step: 'connection_check', detail: 'TBMQ asks whether it reaches us' }],
  }),
});

const CHECKED = checkReply(200);
const NOT_PROVED = checkReply(403);
const OUT_OF_ORDER = checkReply(503);

/** Any 2xx with JSON's content type is good (section 1); a wrong secret must show, or the operator thinks all is well. */
function answerCheck(decision: Decision): WebhookReply {
  if (decision.outcome === 'unavailable') return OUT_OF_ORDER;
  return decision.outcome === 'deny' ? NOT_PROVED : CHECKED;
}

function checkReply(status: number): WebhookReply {
  return Object.freeze({
    status,
    headers: Object.freeze({ 'content-type': 'application/json; charset=utf-8' }),
    body: '',
  });
}

export const tbmq: Dialect = {
  broker: 'tbmq',
  sendsAclAtConnect: true,
  certificateForms: { body: [TBMQ_NAME], headers: false, names: { subject: 'rfc4514', commonName: 'exact' } },
  refusedConnect: {
    deny: NOT_AUTHORIZED,
    no_opinion: { ...NOT_AUTHORIZED, note: 'unless its next provider admits the client' },
  },
  endpoints: [
    { name: 'connect', path: '/tbmq', methods: ['POST', 'GET'], read: readConnect, answer: tbmqAnswer },
    { name: 'check', path: '/tbmq', methods: ['HEAD'], read: () => CHECK, answer: answerCheck },
  ],
};
