import { VERNEMQ_CLIENT_CERT } from '../../engine/certificates/forms/bodies/vernemq.ts';
import { CONNACK_NOT_AUTHORIZED, type Decision, deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import type { Question } from '../../model/question.ts';
import type { BrokerSettings, Dialect, WebhookReply, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { parseJsonObject } from '../json-object.ts';
import { NOTED, OK, vernemqAnswer } from './answer.ts';
import { readPublish, readRegister, readSubscribe } from './request.ts';

/**
 * VerneMQ's `vmq_webhooks`, 2.0 to 2.2 (`vernemq.md`): one URL for all hooks, which the header `vernemq-hook` tells apart.
 * Section numbers below are of `vernemq.md`.
 */

type Reader = (fields: Fields, settings: BrokerSettings, request: WebhookRequest) => Question;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['auth_on_register', (fields, settings) => readRegister(fields, settings)],
  ['auth_on_register_m5', (fields, settings) => readRegister(fields, settings, 5)],
  ['auth_on_publish', readPublish],
  ['auth_on_publish_m5', readPublish],
  ['auth_on_subscribe', (fields, settings) => readSubscribe(fields, settings, 'topics')],
  ['auth_on_subscribe_m5', readSubscribeM5],
]);

/** MQTT 5's filters, each by itself where this VerneMQ can be told so, which it shows by its HTTP client's name. */
function readSubscribeM5(fields: Fields, settings: BrokerSettings, { headers }: WebhookRequest): Question {
  const [, hackney = 0] = /^hackney\/(\d+)\./.exec(headers['user-agent'] ?? '') ?? [];
  return readSubscribe(fields, settings, Number(hackney) >= 4 ? 'modifiers' : 'none');
}

function settle(step: string, detail: string): Question {
  const decision: Decision = {
    outcome: 'no_opinion',
    reason: 'not_supported',
    connack: CONNACK_NOT_AUTHORIZED,
    countsAsFailure: false,
    steps: [{ step, detail }],
  };
  return Object.freeze({ kind: 'settled', decision });
}

/** Hooks that only tell of something: the answer is not looked at (section 3). */
const NOTIFICATION = settle('hook', 'a notification, which needs no decision');
/** Hooks that may change what they tell of, and decide nothing that was not decided before. */
const PASSED_ON = settle('hook', 'left as it is');

const ENHANCED_AUTHENTICATION: Question = Object.freeze({
  kind: 'settled',
  decision: deny('not_supported', [{ step: 'hook', detail: 'enhanced authentication is not spoken here' }]),
});

const SETTLED: ReadonlyMap<string, Question> = new Map([
  ['on_auth_m5', ENHANCED_AUTHENTICATION],
  ...['on_unsubscribe', 'on_deliver'].flatMap((hook) => bothVersions(hook, PASSED_ON)),
  ...['on_register', 'on_publish', 'on_subscribe'].flatMap((hook) => bothVersions(hook, NOTIFICATION)),
  ...[
    'on_offline_message',
    'on_client_wakeup',
    'on_client_offline',
    'on_client_gone',
    'on_session_expired',
  ].map((hook): [string, Question] => [hook, NOTIFICATION]),
]);

function bothVersions(hook: string, question: Question): [string, Question][] {
  return [
    [hook, question],
    [`${hook}_m5`, question],
  ];
}

/** @throws {ThingPassError} `request_unreadable` also for a hook that VerneMQ does not have, and where none is named. */
function read(request: WebhookRequest, settings: BrokerSettings): Question {
  const hook = String(request.headers['vernemq-hook'] ?? '');
  const settled = SETTLED.get(hook);
  if (settled !== undefined) return settled;
  const reader = READERS.get(hook);
  if (reader === undefined)
    throw new ThingPassError('request_unreadable', 'the header vernemq-hook names no hook of VerneMQ');
  return reader(parseJsonObject(request.body), settings, request);
}

/** What is settled is answered by what it is: `{}` suits a notification, and crashes an auth hook (section 3). */
function answer(decision: Decision, question: Question | undefined): WebhookReply {
  if (question === NOTIFICATION) return NOTED;
  if (question === PASSED_ON) return OK;
  return vernemqAnswer(decision, question);
}

export const vernemq: Dialect = {
  broker: 'vernemq',
  canMountPerDevice: true,
  carriesPassport: true,
  certificateForms: {
    body: [VERNEMQ_CLIENT_CERT],
    headers: false,
    names: { subject: 'rfc4514', commonName: 'exact' },
  },
  refusedConnect: {
    deny: { mqtt3: 5, mqtt5: 0x86 },
    no_opinion: { mqtt3: 5, mqtt5: 0x86, note: 'unless its next plugin admits the client' },
  },
  endpoints: [{ name: 'hook', path: '/vernemq', methods: ['POST'], read, answer }],
};
