import {
  readVernemqClientCert,
  VERNEMQ_CLIENT_CERT,
} from '../../engine/certificates/forms/bodies/vernemq.ts';
import { type DenyReason, deny } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE } from '../../model/peer-certificate.ts';
import type {
  ClientClaim,
  ConnectAttempt,
  ProtocolVersion,
  Question,
  TopicAccess,
} from '../../model/question.ts';
import type { BrokerSettings } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { ignoredCertificate } from '../ignored-certificates.ts';
import type { FilterList, RegisterQuestion, SubscribedFilter, SubscribeQuestion } from './answer.ts';
import { readSessionName } from './session.ts';

/** What VerneMQ's auth hooks ask. Section numbers are of `vernemq.md`. */

/** More filters than any honest SUBSCRIBE holds. */
const MAX_FILTERS = 1_000;

function settle(reason: DenyReason, detail: string): Question {
  return Object.freeze({ kind: 'settled', decision: deny(reason, [{ step: 'read_request', detail }]) });
}

/**
 * Bytes that are not UTF-8 come as U+FFFD each (section 2): different passwords, names and topics look the same, and
 * VerneMQ goes on with the bytes.
 */
const NOT_TEXT = settle('malformed_string', 'a field that was not UTF-8: it holds U+FFFD');

function isText(...texts: readonly (string | undefined)[]): boolean {
  return !texts.some((text) => text?.includes('\ufffd'));
}

/** @param version 5 for the hooks of MQTT 5; the others do not tell 3.1 from 3.1.1. */
export function readRegister(fields: Fields, settings: BrokerSettings, version?: ProtocolVersion): Question {
  const clientId = fields.required('client_id');
  const username = fields.text('username');
  const password = fields.text('password');
  if (!isText(clientId, username, password)) return NOT_TEXT;
  const attempt: ConnectAttempt = {
    broker: 'vernemq',
    clientId,
    username,
    password,
    ...readCertificate(fields, settings),
    peerAddress: fields.filled('peer_addr'),
    listener: readListener(fields),
    protocolVersion: version,
  };
  const question: RegisterQuestion = {
    kind: 'connect',
    attempt,
    perDeviceMountpoint: settings.perDeviceMountpoint,
  };
  return question;
}

/** The leaf, where `forward_connection_opts` is on (section 2, "Certificate data"). */
function readCertificate(fields: Fields, settings: BrokerSettings) {
  const sent = fields.structureOrText('client_cert');
  if (sent === undefined) return { certificate: NO_CERTIFICATE };
  if (!settings.certificateForms.has(VERNEMQ_CLIENT_CERT)) {
    return {
      certificate: NO_CERTIFICATE,
      ignoredCertificates: [ignoredCertificate('client_cert', VERNEMQ_CLIENT_CERT)],
    };
  }
  return { certificate: readVernemqClientCert(sent) };
}

/** The listener's port (2.2 with `forward_connection_opts`), else the mount point, by which operators mark listeners. */
function readListener(fields: Fields): string | undefined {
  const address = fields.filled('listener_addr');
  if (address === 'local') return address;
  return fields.filled('listener_port') ?? fields.filled('mountpoint');
}

/** Who asks, after the CONNECT: by what our answer made the user name, else by the names. */
function readClaim(fields: Fields): ClientClaim {
  const clientId = fields.required('client_id');
  const username = fields.text('username');
  const session = readSessionName(username);
  const client = { broker: 'vernemq', clientId, certificate: NO_CERTIFICATE } as const;
  return session === undefined ? { username, ...client } : { passport: session.passport, ...client };
}

const QOS: ReadonlyMap<unknown, 0 | 1 | 2> = new Map<unknown, 0 | 1 | 2>([
  [0, 0],
  [1, 1],
  [2, 2],
]);

export function readPublish(fields: Fields): Question {
  const claim = readClaim(fields);
  const topic = fields.required('topic');
  if (!isText(claim.clientId, claim.username, topic)) return NOT_TEXT;
  const retain = fields.text('retain');
  const access: TopicAccess = {
    action: 'publish',
    topic,
    qos: QOS.get(Number(fields.filled('qos'))),
    retain: retain === undefined ? undefined : retain === 'true',
    // Last, here and below: members behind a spread cost V8 microseconds each.
    ...claim,
  };
  return { kind: 'topic', accesses: [access] };
}

/** @param list where the answer may say which filters are refused; without, one that is refused refuses them all. */
export function readSubscribe(fields: Fields, settings: BrokerSettings, list: FilterList): Question {
  const claim = readClaim(fields);
  const filters = readFilters(fields);
  if (filters.length > MAX_FILTERS) return TOO_MANY_FILTERS;
  if (!isText(claim.clientId, claim.username, ...filters.map(({ topic }) => topic))) return NOT_TEXT;
  if (settings.perDeviceMountpoint && !isMountedApart(fields)) return NOT_MOUNTED_APART;
  const accesses = filters.map(
    ({ topic, qos }): TopicAccess => ({ action: 'subscribe', topic, qos: QOS.get(qos), ...claim }),
  );
  if (list === 'none') return { kind: 'topic', accesses };
  const question: SubscribeQuestion = { kind: 'topic', each: true, accesses, filters, list };
  return question;
}

const TOO_MANY_FILTERS = settle(
  'topic_filter_too_complex',
  `more than ${MAX_FILTERS} filters in one SUBSCRIBE`,
);

/** ThingsBoard's topics are granted because every device has its own mount point; so this session must be there. */
const NOT_MOUNTED_APART = settle(
  'topic_shared_between_devices',
  'this session has no mount point of its device: it began before, or another service admitted it',
);

function isMountedApart(fields: Fields): boolean {
  const deviceId = readSessionName(fields.text('username'))?.deviceId;
  return deviceId !== undefined && fields.text('mountpoint') === deviceId;
}

/** As VerneMQ sent them: the answer's list takes their place. */
function readFilters(fields: Fields): SubscribedFilter[] {
  const list = fields.structureOrText('topics');
  if (!Array.isArray(list) || list.length === 0)
    throw new ThingPassError('request_unreadable', 'field topics is not a list');
  for (const one of list) {
    if (typeof (one as SubscribedFilter | null)?.topic === 'string') continue;
    throw new ThingPassError('request_unreadable', 'field topics holds no topic');
  }
  return list;
}
