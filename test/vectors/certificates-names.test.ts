import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { identifyingCommonName, NAME_SOURCES } from '../../src/certificates/certificate-name.ts';
import { decodePem } from '../../src/certificates/decode.ts';
import { commonNameAttributes, parseName } from '../../src/certificates/distinguished-name.ts';
import { readEmqxPeerCertificate } from '../../src/certificates/forms/emqx.ts';
import { type InspectedCertificate, inspectCertificate } from '../../src/certificates/inspect.ts';
import { goldenBytes, goldenFile, goldenJson } from '../support/golden.ts';

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
    const { mode } = row;
    if (/distinguished_name|use_subject|= dn$/.test(mode)) checkSubject(row, username, certificate);
    else if (/subject_alternative_name/.test(mode)) {
      assert.ok(certificate.alternativeNames.some(({ value }) => value === username));
    } else if (/= (pem|md5)$/.test(mode)) checkDigested(mode, username, certificate);
    else checkCommonName(row, username, certificate);
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
  const name = Object.keys(NAME_SOURCES).find((one) => broker.toLowerCase().startsWith(one));
  assert.ok(name !== undefined, broker);
  return NAME_SOURCES[name as keyof typeof NAME_SOURCES];
}

/** The subject's text holds exactly the certificate's names, in encoded order; one identifies, others are refused. */
function checkSubject(row: UsernameRow, subject: string, certificate: InspectedCertificate): void {
  const source = sourceOf(row.broker);
  const parsed = parseName(subject, source.subject);
  assert.deepEqual(
    commonNameAttributes(parsed).map(({ value }) => value),
    certificate.commonNames,
  );
  assert.deepEqual(
    parsed.map((rdn) => rdn.map(({ value }) => value).sort()),
    certificate.subject.map((rdn) => rdn.map(({ value }) => value).sort()),
  );
  const verdict = identifyingCommonName({ kind: 'name', form: 'test', subject }, source);
  const [commonName = '', ...others] = certificate.commonNames;
  const usable = commonName !== '' && others.length === 0 && !/\p{Cc}/u.test(commonName);
  assert.equal(verdict.found ? verdict.commonName : undefined, usable ? commonName : undefined);
}

function checkCommonName(row: UsernameRow, username: string, certificate: InspectedCertificate): void {
  const source = sourceOf(row.broker);
  const verdict = identifyingCommonName({ kind: 'name', form: 'test', commonName: username }, source);
  const joined = source.commonName === 'joined' && username.includes(',');
  const usable = username !== '' && !joined && !/[\p{Cc}\ufffd]/u.test(username);
  // Mosquitto and VerneMQ send the first of several and do not tell.
  assert.equal(verdict.found ? verdict.commonName : undefined, usable ? certificate.commonName : undefined);
}

function checkDigested(mode: string, username: string, certificate: InspectedCertificate): void {
  if (mode.endsWith('md5')) {
    assert.equal(username, hash('md5', certificate.der));
    const reading = readEmqxPeerCertificate('md5', username, { everyClientHasOne: true });
    assert.equal(reading.kind === 'name' && reading.digest?.hex, username);
    return;
  }
  const commonName = certificate.commonNames.join(',');
  const reading = readEmqxPeerCertificate('pem', username, { commonName });
  // A certificate without a common name cannot be told from a client's own text by it.
  if (commonName === '') assert.equal(reading.kind === 'unreadable' && reading.fault, 'uncorroborated');
  else assert.deepEqual(reading.kind === 'certificate' && reading.der, certificate.der);
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
      NAME_SOURCES.nanomq,
    );
    assert.ok(name in NANOMQ_NAMES || subject?.includes('CN='), name);
    const expected = name in NANOMQ_NAMES ? NANOMQ_NAMES[name] : /CN=([^,]*)/.exec(subject ?? '')?.[1];
    assert.equal(verdict.found ? verdict.commonName : undefined, expected);
    // The text that NanoMQ calls the common name is never enough.
    assert.ok(!identifyingCommonName({ kind: 'name', form: 'test', commonName }, NAME_SOURCES.nanomq).found);
  },
);
