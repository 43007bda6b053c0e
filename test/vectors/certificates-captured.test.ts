import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { identifyingCommonName } from '../../src/engine/certificates/certificate-name.ts';
import { readApiGatewayCertificate } from '../../src/engine/certificates/forms/bodies/aws-api-gateway.ts';
import { readEmqxCertPem } from '../../src/engine/certificates/forms/bodies/emqx.ts';
import { readEmqxPeerCertificate } from '../../src/engine/certificates/forms/bodies/emqx-peer-certificate.ts';
import {
  type EnabledForm,
  readCertificateHeaders,
} from '../../src/engine/certificates/header-certificates.ts';
import { HeaderView } from '../../src/engine/certificates/header-view.ts';
import { decodeBase64, decodeConcatenatedDer, decodePem } from '../../src/engine/certificates/text/decode.ts';
import { inspectCertificate } from '../../src/engine/certificates/x509/inspect.ts';
import type { PresentedCertificate } from '../../src/model/peer-certificate.ts';
import {
  type CapturedEntry,
  capturedBytes,
  capturedEntries,
  type Expected,
  formOf,
  INDEX,
} from '../engine/certificates/support/captured-forms.ts';
import { peerForm } from '../engine/certificates/support/peer-form.ts';
import { headersInBytes, type Replay, ReplayServer } from '../engine/certificates/support/replay.ts';
import { GOLDEN, goldenFile, missing } from '../support/golden.ts';
import { nameSourceOf } from '../support/name-source.ts';
import { readProxyCertificate } from '../support/proxy-protocol/form.ts';

/**
 * Every recorded and constructed message, byte for byte through a real HTTP server: once with Node's defaults, whose
 * refusals are part of the record, and once with this service's header limit, whose `rawHeaders` are then read.
 */

const HEADER_LIMIT = 128 * 1024;

let byDefault: ReplayServer;
let withOurLimit: ReplayServer;
const counts = new Map<string, number>();

before(async () => {
  byDefault = await ReplayServer.start();
  withOurLimit = await ReplayServer.start(HEADER_LIMIT);
});

after(async () => {
  await byDefault.stop();
  await withOurLimit.stop();
  const detail = [...counts].sort().map(([what, count]) => `${count} ${what}`);
  console.log(`${INDEX}: ${detail.join(', ')}`);
});

function count(what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** A case that somebody takes out of the index, or adds beside it, is not lost in silence. */
test('the index names every recorded message, once', { skip: missing(INDEX) }, () => {
  const folder = dirname(INDEX);
  const named = capturedEntries().map(({ file }) => file);
  const recorded = readdirSync(join(GOLDEN, folder), { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => relative(join(GOLDEN, folder), join(one.parentPath, one.name)))
    .filter((name) => !/^(README\.md|.*\.json)$/.test(name));
  assert.deepEqual(named.toSorted(), recorded.toSorted());
  console.log(`${INDEX}: names ${named.length} of ${recorded.length} recorded messages`);
});

goldenFile(INDEX, capturedEntries, async (entry) => {
  const bytes = capturedBytes(entry);
  if (entry.encoding === 'proxy-protocol-v2-tlv-der') {
    checkReading(entry, readProxyCertificate(bytes));
    return;
  }
  const status = (await byDefault.replay(bytes)).status;
  assert.equal(status, entry.nodeHttpDefaultStatus ?? 200, 'status of a default Node server');
  count(`answered ${status} by a default server`);
  if (entry.encoding.startsWith('proxy-protocol')) {
    checkProxy(entry, bytes);
    return;
  }

  const replay = await withOurLimit.replay(bytes);
  // A header block that is too long by default fits; one that is broken stays broken.
  assert.equal(replay.status, status === 431 ? 200 : status);
  const form = formOf(entry);
  if (form === undefined) checkBody(entry, replay);
  else checkHeaders(entry, form, replay, bytes);
});

function checkHeaders(entry: CapturedEntry, form: EnabledForm, replay: Replay, bytes: Buffer): void {
  const { rawHeaders } = replay;
  if (rawHeaders !== undefined) {
    const { certificate, ignored } = readCertificateHeaders(rawHeaders, [form], true);
    checkReading(entry, certificate);
    if (entry.expected.chainOnly) checkChainOnly(entry, rawHeaders);
    if (entry.expected.certificatePresent) checkIgnored(rawHeaders, form);
    else assert.ok(ignored.every(({ header }) => header !== form.headers.certificate));
    return;
  }
  count('refused by Node, their certificate read from the bytes');
  const inBytes = entry.certificateInBytes ?? entry.expected;
  if (entry.encoding.startsWith('pem-obs-fold') || entry.encoding.startsWith('pem-raw')) {
    // Not even bytes that Node let through would be read: line ends are not part of a header.
    const text = /-----BEGIN.*-----END CERTIFICATE-----/s.exec(bytes.toString('latin1'))?.[0] ?? '';
    const [leaf] = decodePem(text.replaceAll(/\n\t/g, '\n'), 'lines');
    assert.ok(leaf);
    checkIdentity(inBytes, leaf, []);
  } else {
    checkReading(entry, readCertificateHeaders(headersInBytes(bytes), [form], true).certificate);
  }
}

/** Switched off, the same message presents nothing, and the header is named with the form among its candidates. */
function checkIgnored(rawHeaders: readonly string[], { form, headers }: EnabledForm): void {
  const off = readCertificateHeaders(rawHeaders, [], true);
  assert.equal(off.certificate.kind, 'none');
  if (headers.certificate !== form.headers.certificate) return;
  const named = off.ignored.find(({ header }) => header === headers.certificate);
  assert.ok(named?.forms.includes(form.name), 'ignored and not named');
}

function checkReading(entry: CapturedEntry, reading: PresentedCertificate): void {
  const { expected } = entry;
  count(`read as ${reading.kind}`);
  assert.equal(reading.kind === 'certificate', expected.certificatePresent, JSON.stringify(reading));
  if (reading.kind === 'certificate') {
    checkIdentity(expected, reading.der, reading.chain);
    const detail = entry.verification?.replace('-', '_');
    if (detail !== undefined) assert.equal(reading.verification, detail);
    return;
  }
  if (entry.verification === 'none') assert.equal(reading.kind, 'none');
  if (entry.verification === 'failed' && reading.kind === 'unreadable' && !expected.chainOnly) {
    assert.equal(reading.verification, 'failed');
  }
  if (expected.hashHint !== undefined) {
    assert.equal(reading.kind === 'name' && reading.digest?.hex, expected.hashHint);
  }
  if (expected.md5 !== undefined) assert.equal(reading.kind === 'name' && reading.digest?.hex, expected.md5);
}

/** Everything that the index says of a certificate, computed from the decoded DER. */
function checkIdentity(expected: Expected, der: Uint8Array, chain: readonly Uint8Array[]): void {
  const view = inspectCertificate(der);
  assert.equal(view.sha256, expected.sha256);
  assert.equal(view.credentialsId, expected.credentialsId);
  assert.equal(view.commonName ?? null, expected.subjectCN ?? null);
  assert.deepEqual(view.commonNames, expected.subjectCNs);
  assert.equal(1 + chain.length, expected.chainLength);
  assert.deepEqual(
    [der, ...chain].map((one) => hash('sha256', one)),
    expected.chainSha256,
  );
}

/** HAProxy's chain without its leaf: the certificates are there, and are nobody's. */
function checkChainOnly(entry: CapturedEntry, rawHeaders: readonly string[]): void {
  const text = new HeaderView(rawHeaders).only('x-ssl-client-chain-der', HEADER_LIMIT) ?? '';
  const chain = text === '' ? [] : decodeConcatenatedDer(decodeBase64(text));
  assert.deepEqual(
    chain.map((one) => hash('sha256', one)),
    entry.expected.chainSha256,
  );
}

function checkProxy(entry: CapturedEntry, bytes: Buffer): void {
  const reading = readProxyCertificate(bytes);
  if (entry.encoding === 'proxy-protocol-v1') {
    // Version 1 knows nothing of TLS, and is refused where version 2 is expected.
    assert.equal(reading.kind === 'unreadable' && reading.fault, 'proxy_protocol_malformed');
    count('read as unreadable');
    return;
  }
  checkReading(entry, reading);
  if (reading.kind !== 'name') return;
  const [commonName] = entry.identityOf?.subjectCNs ?? [];
  assert.equal(reading.commonName?.split(',')[0], commonName?.split(',')[0]);
}

function checkBody(entry: CapturedEntry, { body, rawHeaders }: Replay): void {
  const text = body.toString('utf8');
  if (rawHeaders?.includes('application/x-www-form-urlencoded')) {
    checkUsername(entry, new URLSearchParams(text));
    return;
  }
  const fields = JSON.parse(text) as Record<string, string>;
  if (entry.encoding === 'json-pem-newlines') checkReading(entry, readApiGatewayCertificate(fields));
  else if (fields.cert_pem !== undefined) checkReading(entry, readEmqxCertPem(fields.cert_pem));
  else {
    const mode = entry.expected.md5 === undefined ? 'pem' : 'md5';
    const reading = readEmqxPeerCertificate(peerForm(mode), fields.username, { certificateRequired: true });
    checkReading(entry, reading);
    // Without that declaration nothing tells the broker's text from a client's.
    const doubtful = readEmqxPeerCertificate(peerForm(mode), fields.username, {});
    assert.equal(doubtful.kind === 'unreadable' && doubtful.fault, 'uncorroborated');
  }
}

/** RabbitMQ's user name out of a certificate: the names in it, or a refusal to take one of several. */
function checkUsername(entry: CapturedEntry, fields: URLSearchParams): void {
  const { expected } = entry;
  const username = fields.get('username') ?? '';
  assert.equal(username, expected.username);
  assert.equal(fields.has('password'), expected.passwordFieldPresent);
  if (entry.config === 'rabbitmq/cn' || entry.config === 'rabbitmq/dn') {
    const part = entry.config === 'rabbitmq/cn' ? 'commonName' : 'subject';
    const verdict = identifyingCommonName(
      { kind: 'name', form: 'rabbitmq', [part]: username },
      nameSourceOf('rabbitmq'),
    );
    const [commonName = '', ...others] = entry.identityOf?.subjectCNs ?? [];
    const doubtful = others.length > 0 || commonName === '' || /\p{Cc}/u.test(commonName);
    const joined = part === 'commonName' && commonName.includes(',');
    assert.deepEqual(
      verdict.found ? verdict.commonName : undefined,
      doubtful || joined ? undefined : commonName,
    );
  }
  count('read as a user name');
}
