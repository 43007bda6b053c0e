import { NO_CERTIFICATE, type PresentedCertificate } from '../certificates/peer-certificate.ts';
import type { TopicAccess, TopicAction } from '../question.ts';
import { SUPERUSER_REFUSED, topicText } from './acl-request.ts';
import {
  type BrokerSettings,
  type Dialect,
  type Question,
  RequestUnreadable,
  type WebhookRequest,
} from './dialect.ts';
import { type Fields, readFields } from './fields.ts';
import { statusReplies } from './status-replies.ts';

/** EMQX 4's plugin `emqx_auth_http` (`emqx.md` section 9): three requests, and the status decides. */

/** `%C` and `%d`, the common name and subject of the client certificate. */
export const EMQX4_NAME = 'emqx4_name';

/** Missing values come as these texts, which are therefore nobody's name. */
const MISSING = new Set(['', 'null', 'undefined']);

const ACTIONS: ReadonlyMap<string, TopicAction> = new Map([
  ['1', 'subscribe'],
  ['2', 'publish'],
]);

function given(fields: Fields, ...names: readonly string[]): string | undefined {
  const text = fields.text(...names);
  return text === undefined || MISSING.has(text) ? undefined : text;
}

function readClient(fields: Fields, settings: BrokerSettings) {
  return {
    broker: 'emqx4',
    clientId: given(fields, 'clientid', 'client_id', 'clientId') ?? '',
    username: given(fields, 'username'),
    certificate: readName(fields, settings),
    peerAddress: given(fields, 'ipaddr', 'peerhost'),
    listener: given(fields, 'sockport', 'port'),
  } as const;
}

function readName(fields: Fields, settings: BrokerSettings): PresentedCertificate {
  if (!settings.certificateForms.has(EMQX4_NAME)) return NO_CERTIFICATE;
  const commonName = given(fields, 'common_name', 'cn', 'cert_common_name');
  const subject = given(fields, 'subject', 'dn', 'cert_subject');
  if (commonName === undefined && subject === undefined) return NO_CERTIFICATE;
  return { kind: 'name', form: EMQX4_NAME, commonName, subject };
}

function readConnect(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  const client = readClient(fields, settings);
  const password = given(fields, 'password');
  if (client.clientId === '' && client.username === undefined && client.certificate.kind === 'none') {
    throw new RequestUnreadable('no field names the client');
  }
  return { kind: 'connect', attempt: { ...client, password } };
}

/** @throws {RequestUnreadable} also for an `access` that is neither 1 nor 2. */
function readTopic(request: WebhookRequest, settings: BrokerSettings): Question {
  const fields = readFields(request);
  const action = ACTIONS.get(fields.required('access'));
  if (action === undefined) throw new RequestUnreadable('field access is neither 1 nor 2');
  const access: TopicAccess = { ...readClient(fields, settings), action, topic: topicText(fields, 'topic') };
  return { kind: 'topic', accesses: [access] };
}

/** 403 is "not authorized", 503 "server unavailable"; 400 would tell the client that its password is wrong, and may. */
const answer = statusReplies({
  contentType: 'application/json',
  allow: '{"result":"allow"}',
  refuse: (outcome, code) => JSON.stringify({ result: outcome, reason: code }),
});

export const emqx4: Dialect = {
  broker: 'emqx4',
  certificateForms: { body: [EMQX4_NAME], headers: false },
  endpoints: [
    { name: 'connect', path: '/emqx4/auth', methods: ['POST', 'GET'], read: readConnect, answer },
    // 200 with any body makes a superuser; every other status does not.
    {
      name: 'superuser',
      path: '/emqx4/superuser',
      methods: ['POST', 'GET'],
      read: () => SUPERUSER_REFUSED,
      answer,
    },
    { name: 'topic', path: '/emqx4/acl', methods: ['POST', 'GET'], read: readTopic, answer },
  ],
};
