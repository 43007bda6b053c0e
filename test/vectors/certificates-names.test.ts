import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { emqx } from '../../src/brokers/emqx/dialect.ts';
import { mosquitto } from '../../src/brokers/mosquitto/dialect.ts';
import { RABBITMQ_DN, RABBITMQ_NAME } from '../../src/brokers/rabbitmq/client.ts';
import { rabbitmq } from '../../src/brokers/rabbitmq/dialect.ts';
import { vernemq } from '../../src/brokers/vernemq/dialect.ts';
import { identifyingCommonName } from '../../src/engine/certificates/certificate-name.ts';
import { VERNEMQ_CLIENT_CERT } from '../../src/engine/certificates/forms/bodies/vernemq.ts';
import { decodePem } from '../../src/engine/certificates/text/decode.ts';
import { commonNameAttributes, parseName } from '../../src/engine/certificates/x509/distinguished-name.ts';
import { type InspectedCertificate, inspectCertificate } from '../../src/engine/certificates/x509/inspect.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../src/model/peer-certificate.ts';
import { BROKER_NAMES, type Question } from '../../src/model/question.ts';
import { PLAIN_SETTINGS } from '../support/broker-settings.ts';
import { goldenBytes, goldenFile, goldenJson } from '../support/golden.ts';
import { nameSourceOf } from '../support/name-source.ts';
import { accessesOf, endpointAt, post } from '../support/questions.ts';
import { hookRequest } from '../support/vernemq.ts';

/** The user names that brokers make of certificates, against the certificates themselves. */

const FILE = 'captures/forwarded-certificates/broker-usernames.json';
const NANOMQ = 'captures/nanomq/index.json';

interface UsernameRow {
  readonly broker: string;
  readonly mode: string;
  readonly certificate: string | null;
  readonly username?: string | null;
  readonly usernameBytesHex?: string;
  readonly refused?: string;
}

goldenFile(
  FILE,
  () => goldenJson<{ rows: UsernameRow[] }>(FILE).rows,
  (row) => {
    const username = usernameOf(row);
    // The broker refuses the client itself, crashes, or goes on without a name: nothing arrives.
    if (row.certificate === null || username === undefined) return;
    const certificate = inspectCertificate(derOf(row.certificate));
    const presented = throughDialect(row, username, certificate);
    const { mode } = row;
    if (presented.kind === 'certificate') assert.deepEqual(presented.der, certificate.der);
    else if (/= md5$/.test(mode)) assertDigest(presented, username, certificate);
    else if (/distinguished_name|use_subject|= dn$/.test(mode)) checkSubject(row, presented, certificate);
    else if (/subject_alternative_name/.test(mode)) {
      assert.equal(presented.kind === 'name' && presented.commonName, username);
      assert.ok(certificate.alternativeNames.some(({ value }) => value === username));
    } else checkCommonName(row, presented, username, certificate);
  },
);

/** The text as it reaches this service: bytes that are not UTF-8 have become U+FFFD. */
function usernameOf(row: UsernameRow): string | undefined {
  if (row.refused !== undefined || row.username?.startsWith('(connection crashes')) return undefined;
  if (row.usernameBytesHex !== undefined) return Buffer.from(row.usernameBytesHex, 'hex').toString('utf8');
  return row.username ?? undefined;
}

function derOf(path: string): Buffer {
  const [der] = decodePem(goldenBytes(path).toString('latin1'), 'lines');
  assert.ok(der);
  return der;
}

function sourceOf(broker: string) {
  const name = BROKER_NAMES.find((one) => broker.toLowerCase().startsWith(one));
  assert.ok(name !== undefined, broker);
  return nameSourceOf(name);
}

/** What the broker's dialect makes of the request in which the name comes, with the one form for it switched on. */
function throughDialect(
  row: UsernameRow,
  username: string,
  certificate: InspectedCertificate,
): PresentedCertificate {
  const { broker, mode } = row;
  const settings = (form: string) => ({
    ...PLAIN_SETTINGS,
    certificateForms: new Set([form]),
    certificateOnly: () => true,
  });
  if (broker.startsWith('RabbitMQ')) {
    const form = /distinguished_name/.test(mode) ? RABBITMQ_DN : RABBITMQ_NAME;
    const request = post(new URLSearchParams({ username }).toString());
    return certificateOf(endpointAt(rabbitmq, '/rabbitmq/user').read(request, settings(form)));
  }
  if (broker.startsWith('Mosquitto')) {
    const form = /use_subject/.test(mode) ? 'mosquitto_subject' : 'mosquitto_name';
    const request = post(JSON.stringify({ username, clientid: 'c', topic: 't', acc: 2 }));
    return certificateOf(endpointAt(mosquitto, '/mosquitto/acl').read(request, settings(form)));
  }
  if (broker.startsWith('EMQX')) {
    const form = `emqx_username_${mode.split(' = ')[1]}`;
    const request = post(
      JSON.stringify({ username, clientid: 'c', ...emqxNames(certificate, username, mode) }),
    );
    return certificateOf(endpointAt(emqx, '/emqx/authentication').read(request, settings(form)));
  }
  assert.ok(broker.startsWith('VerneMQ'), broker);
  // Nothing there tells it from a client's own user name, which a certificate without a common name leaves in place: no name.
  const request = hookRequest('auth_on_register', { client_id: 'c', username, password: null });
  const question = endpointAt(vernemq, '/vernemq').read(request, settings(VERNEMQ_CLIENT_CERT));
  assert.equal(certificateOf(question), NO_CERTIFICATE);
  return { kind: 'name', form: 'none', commonName: username };
}

/** What EMQX fills into `${cert_common_name}` and `${cert_subject}` for the same client. */
function emqxNames(certificate: InspectedCertificate, username: string, mode: string): object {
  return {
    cert_common_name: certificate.commonNames.join(','),
    cert_subject: mode.endsWith('= dn') ? username : '',
  };
}

function certificateOf(question: Question): PresentedCertificate {
  if (question.kind === 'connect') return question.attempt.certificate;
  const [access] = accessesOf(question);
  assert.ok(access);
  return access.certificate;
}

/** The subject's text holds exactly the certificate's names, in encoded order; one identifies, others are refused. */
function checkSubject(
  row: UsernameRow,
  presented: PresentedCertificate,
  certificate: InspectedCertificate,
): void {
  const source = sourceOf(row.broker);
  if (certificate.subject.length === 0) {
    assert.notEqual(presented.kind, 'certificate');
    return;
  }
  assert.ok(presented.kind === 'name' && presented.subject !== undefined, presented.kind);
  const parsed = parseName(presented.subject, source.subject);
  assert.deepEqual(
    commonNameAttributes(parsed).map(({ value }) => value),
    certificate.commonNames,
  );
  assert.deepEqual(
    parsed.map((rdn) => rdn.map(({ value }) => value).sort()),
    certificate.subject.map((rdn) => rdn.map(({ value }) => value).sort()),
  );
  const verdict = identifyingCommonName(presented, source);
  const [commonName = '', ...others] = certificate.commonNames;
  const usable = commonName !== '' && others.length === 0 && !/\p{Cc}/u.test(commonName);
  assert.equal(verdict.found ? verdict.commonName : undefined, usable ? commonName : undefined);
}

function checkCommonName(
  row: UsernameRow,
  presented: PresentedCertificate,
  username: string,
  certificate: InspectedCertificate,
): void {
  const source = sourceOf(row.broker);
  assert.ok(presented.kind === 'name' && presented.commonName === username, presented.kind);
  const verdict = identifyingCommonName(presented, source);
  const joined = source.commonName === 'joined' && username.includes(',');
  const usable = username !== '' && !joined && !/[\p{Cc}\ufffd]/u.test(username);
  // Mosquitto and VerneMQ send the first of several and do not tell.
  assert.equal(verdict.found ? verdict.commonName : undefined, usable ? certificate.commonName : undefined);
}

function assertDigest(
  presented: PresentedCertificate,
  username: string,
  certificate: InspectedCertificate,
): void {
  assert.equal(username, hash('md5', certificate.der));
  assert.equal(presented.kind === 'name' && presented.digest?.hex, username);
}

interface NanomqCapture {
  readonly case: string;
  readonly fields?: { readonly subject?: string; readonly common_name?: string };
}

/** What NanoMQ's two texts come to, by the recorded case; the certificates themselves were not kept. */
const NANOMQ_NAMES: Record<string, string | undefined> = {
  'tls-cn': 'device-1',
  'tls-rogue-optional': 'device-1',
  'tls-dn-cnlast': 'device-2',
  'wss-dn-cnlast': 'device-2',
  'tls-dn-cnfirst': 'device-3',
  'tls-dn-spoof': 'device-4',
  'tls-dn-email': 'device-5',
  // Lost characters, no common name.
  'tls-dn-unicode': undefined,
  'tls-dn-nocn': undefined,
};

goldenFile(
  NANOMQ,
  () => goldenJson<NanomqCapture[]>(NANOMQ).filter((one) => one.fields?.subject !== undefined),
  ({ case: name, fields = {} }) => {
    const { subject, common_name: commonName } = fields;
    const verdict = identifyingCommonName(
      { kind: 'name', form: 'test', subject, commonName },
      nameSourceOf('nanomq'),
    );
    assert.ok(name in NANOMQ_NAMES || subject?.includes('CN='), name);
    const expected = name in NANOMQ_NAMES ? NANOMQ_NAMES[name] : /CN=([^,]*)/.exec(subject ?? '')?.[1];
    assert.equal(verdict.found ? verdict.commonName : undefined, expected);
    // The text that NanoMQ calls the common name is never enough.
    assert.ok(
      !identifyingCommonName({ kind: 'name', form: 'test', commonName }, nameSourceOf('nanomq')).found,
    );
  },
);
