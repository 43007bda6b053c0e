import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examine } from '../../../../src/engine/certificates/examine/examine.ts';
import { guessForm } from '../../../../src/engine/certificates/examine/guess-form.ts';
import { sha256Of } from '../../../../src/engine/certificates/x509/identity.ts';
import { isThingPassError } from '../../../../src/model/errors.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { capturedBytes, capturedEntries } from '../support/captured-forms.ts';
import { issue, makeCertificate } from '../support/make-certificate.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const pem = (name: string): Buffer => goldenBytes(`pki/${name}.pem`);
const codes = (bytes: Buffer, now = NOW): string[] => {
  const { problems, certificates } = examine(bytes, now);
  return [...problems, ...certificates.flatMap((one) => one.problems)].map(({ code }) => code);
};
const toPem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;

test('the form of every recorded header value with a certificate is guessed', () => {
  let guessed = 0;
  const missed = new Set<string>();
  for (const entry of capturedEntries()) {
    const { sha256, certificatePresent, malformedHttp } = entry.expected;
    if (!certificatePresent || sha256 === undefined || malformedHttp || !entry.file.endsWith('.http'))
      continue;
    const [head = ''] = capturedBytes(entry).toString('latin1').split('\r\n\r\n', 1);
    const values = head.split('\r\n').slice(1);
    if (values.some((value) => guessedDigests(value).includes(sha256))) guessed++;
    else missed.add(entry.id.split('--')[0] as string);
  }
  console.log(`guessed ${guessed} recorded headers`);
  // These are bodies, in which the certificate is one field of several, and a binary header.
  assert.deepEqual([...missed].sort(), [
    'constructed/aws-api-gateway/rest-authorizer-context',
    'constructed/emqx-http-authn/cert_pem-json-body',
    'constructed/emqx-http-authn/peer_cert_as_username-pem',
    'constructed/proxy-v2/client-cert-tlv',
  ]);
  assert.ok(guessed > 250, `${guessed}`);
});

function guessedDigests(line: string): string[] {
  try {
    return guessForm(Buffer.from(line, 'latin1')).certificates.map(sha256Of);
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return [];
    throw error;
  }
}

test('DER, hex, Base64, JSON, quotes, a byte order mark', () => {
  const text = pem('p256.crt').toString();
  const [der] = guessForm(pem('p256.crt')).certificates as [Buffer];
  const forms: [string, Buffer][] = [
    ['DER', der],
    ['DER in hex', Buffer.from(der.toString('hex'))],
    ['Base64 of DER', Buffer.from(der.toString('base64'))],
    ['Base64 of PEM', Buffer.from(Buffer.from(text).toString('base64'))],
    ['quoted JSON-escaped PEM', Buffer.from(JSON.stringify(text))],
    ['PEM', Buffer.from(`\uFEFF${text}`)],
    ['percent-encoded PEM', Buffer.from(encodeURIComponent(text))],
    ['RFC 9440 byte sequence', Buffer.from(`:${der.toString('base64')}:`)],
    ['Base64 of DER, with commas', Buffer.from(`${der.toString('base64')},${der.toString('base64')}`)],
  ];
  for (const [form, bytes] of forms) {
    const guess = guessForm(bytes);
    assert.equal(guess.form, form);
    assert.ok(guess.certificates[0]?.equals(der), form);
    assert.deepEqual(guess.problems, [], form);
  }
});

test('deviations that ThingPass refuses in a header are read and reported', () => {
  const [der] = guessForm(pem('p256.crt')).certificates as [Buffer];
  assert.deepEqual(codes(Buffer.concat([der, Buffer.from([0, 0, 0])])), ['trailing_data']);
  assert.deepEqual(codes(Buffer.from(`subject=x\n${pem('p256.crt')}`)), ['text_around']);
  assert.deepEqual(codes(Buffer.concat([pem('p256.key'), pem('p256.crt')])), ['private_key']);
  const trusted = pem('p256.crt').toString().replaceAll(' CERTIFICATE-', ' TRUSTED CERTIFICATE-');
  assert.deepEqual(codes(Buffer.from(trusted)), ['pem_label']);
  for (const [bytes, sentence] of [
    [Buffer.alloc(0), /empty/],
    [pem('p256.key'), /the text contains no certificate: the text also contains a private key/],
    [Buffer.from('hello there!'), /neither PEM/],
    [Buffer.from('Subject="CN=a";URI=urn:x'), /without Cert or Chain/],
    [der.subarray(0, 200), /not DER/],
    [Buffer.from('308005060b2a864886f70d010701', 'hex'), /not DER|PKCS/],
  ] as const) {
    assert.throws(() => guessForm(bytes), sentence);
  }
});

test('each problem of a certificate has a code', () => {
  const expected: Record<string, string[]> = {
    'p256.crt': [],
    'noeku.crt': [],
    'expired.crt': ['expired'],
    'future.crt': ['not_yet_valid'],
    'serverauth.crt': ['not_for_clients'],
    'rsapss.crt': ['rsa_pss_key', 'rsa_pss_signature'],
    'ed25519.crt': ['edwards_key'],
    'twocn.crt': ['several_common_names'],
    'nullcn.crt': ['control_character'],
    'bmp.crt': ['old_string_type'],
    'nosubject.crt': ['no_common_name'],
    'selfsigned.crt': ['self_signed'],
    'caleaf.crt': ['cannot_sign', 'authority_as_client'],
    'chain3.chain': [],
    'undernoca.chain': ['chain_broken'],
  };
  for (const [name, words] of Object.entries(expected)) assert.deepEqual(codes(pem(name)), words, name);
  const expiring = Date.UTC(2059, 11, 20);
  assert.deepEqual(codes(pem('p256.crt'), expiring), ['expires_soon']);
  assert.equal(examine(pem('p256.crt'), expiring).refused, false);
  assert.equal(examine(pem('p256.crt'), Date.UTC(2060, 0, 1)).certificates[0]?.daysLeft, 0);
});

test('order, gaps and roots of a chain', () => {
  const [leaf = '', deviceCa = '', policyCa = ''] = pem('chain3.chain')
    .toString()
    .split(/(?<=END CERTIFICATE-----\n)/);
  const root = pem('root.crt').toString();
  const of = (...parts: string[]): string[] => codes(Buffer.from(parts.join('')));
  assert.deepEqual(of(leaf, policyCa, deviceCa), ['wrong_order']);
  assert.deepEqual(of(deviceCa, leaf), ['wrong_order']);
  assert.deepEqual(of(leaf, policyCa), ['missing_intermediate']);
  assert.deepEqual(of(leaf, deviceCa, policyCa, root), ['root_in_chain']);
  assert.deepEqual(of(pem('selfsigned.crt').toString(), root).sort(), ['self_signed', 'unrelated']);
  assert.equal(examine(Buffer.from(leaf + policyCa), NOW).refused, true);
  // A client certificate that another device signed is no chain.
  const device = makeCertificate({ subject: 'device', ca: false });
  const forged = issue(device, { subject: 'forged' });
  assert.deepEqual(of(toPem(forged.der), toPem(device.der)), ['chain_broken', 'root_in_chain']);
});

test('any input gives a report or certificate_unreadable', () => {
  const [der] = guessForm(pem('san.crt')).certificates as [Buffer];
  for (let at = 0; at < der.length; at += 3) {
    const changed = Buffer.from(der);
    changed[at] = (changed[at] ?? 0) ^ 0x41;
    for (const bytes of [changed, der.subarray(0, at), Buffer.from(changed.toString('base64'))]) {
      try {
        examine(bytes, NOW + DAY);
      } catch (error) {
        assert.ok(isThingPassError(error, 'certificate_unreadable'), `${at}: ${(error as Error).stack}`);
      }
    }
  }
});
