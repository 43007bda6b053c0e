import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type EnabledForm,
  enableForms,
  readCertificateHeaders,
} from '../../../../src/engine/certificates/header-certificates.ts';
import { credentialsIdOf } from '../../../../src/engine/certificates/x509/identity.ts';
import { ask, SEED } from '../support/ask.ts';
import { capturedBytes, capturedEntries, formOf } from '../support/captured-forms.ts';
import { change, place } from '../support/mutations.ts';
import { headersInBytes } from '../support/replay.ts';

/**
 * Recorded messages, changed at random: nothing throws, and no other certificate is taken for the one that was sent.
 * A run that fails prints its seed; `FAST_CHECK_SEED` repeats it.
 */

interface Message {
  readonly headers: string[];
  readonly form: EnabledForm;
  readonly der: Uint8Array;
  readonly credentialsId: string;
}

/** The lines that the form reads, so that few changes are wasted on others. */
function linesOf({ headers }: EnabledForm, lines: string[]): string[] {
  const names = Object.values(headers);
  return lines.filter((_text, index) => {
    const name = (lines[index - (index % 2)] ?? '').toLowerCase();
    return names.some((one) => (one.endsWith('-') ? name.startsWith(one) : name === one));
  });
}

/** Every recorded message that Node lets through and that holds a certificate. */
const messages: Message[] = capturedEntries().flatMap((entry) => {
  const form = formOf(entry);
  if (form === undefined || !entry.expected.certificatePresent || entry.encoding.startsWith('pem-obs'))
    return [];
  const headers = linesOf(form, headersInBytes(capturedBytes(entry)));
  const { certificate } = readCertificateHeaders(headers, [form], true);
  assert.ok(certificate.kind === 'certificate');
  return [{ headers, form, der: certificate.der, credentialsId: credentialsIdOf(certificate.der) }];
});

test('changed messages: no exception escapes, and another DER never has the original identity', () => {
  let certificates = 0;
  let refusals = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...messages),
      fc.constantFrom(...messages),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (message, other, changes) => {
        const headers = changes.reduce((now, one) => one(now, other.headers), [...message.headers]);
        const { certificate } = readCertificateHeaders(headers, [message.form], true);
        ask(certificate);
        if (certificate.kind !== 'certificate') {
          refusals++;
          return;
        }
        certificates++;
        const same = Buffer.compare(certificate.der, message.der) === 0;
        assert.equal(credentialsIdOf(certificate.der) === message.credentialsId, same);
      },
    ),
    { numRuns: 4_000, ...SEED },
  );
  console.log(`changed messages: ${certificates} still a certificate, ${refusals} refused or none`);
});

test('changed certificates inside unchanged encodings: another identity, or none', () => {
  const encode = (der: Buffer): [string, string[]][] => {
    const base64 = der.toString('base64');
    const lines = base64.match(/.{1,64}/g)?.join('\n') ?? '';
    const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
    return [
      ['rfc9440', ['client-cert', `:${base64}:`]],
      ['nginx', ['x-ssl-client-cert', encodeURIComponent(pem), 'x-ssl-client-verify', 'SUCCESS']],
      ['haproxy', ['x-ssl-client-cert', base64, 'x-ssl-client-verify', '0']],
      ['apache', ['x-ssl-client-cert', pem.trim().replaceAll('\n', ' '), 'x-ssl-client-verify', 'SUCCESS']],
      ['traefik', ['x-forwarded-tls-client-cert', base64]],
      ['xfcc', ['x-forwarded-client-cert', `Cert="${encodeURIComponent(pem)}"`]],
    ];
  };
  const originals = messages.map(({ der }) => Buffer.from(der));
  fc.assert(
    fc.property(
      fc.constantFrom(...originals),
      fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(3),
      (original, bytes, cut) => {
        const der = Buffer.from(original.subarray(0, original.length - cut));
        for (const [at, byte] of bytes) der[at % der.length] = byte;
        if (der.equals(original)) return;
        for (const [name, headers] of encode(der)) {
          const { certificate } = readCertificateHeaders(headers, enableForms([{ name }]), true);
          ask(certificate);
          if (certificate.kind === 'certificate') {
            assert.notEqual(credentialsIdOf(certificate.der), credentialsIdOf(original));
          }
        }
      },
    ),
    { numRuns: 1_500, ...SEED },
  );
});
