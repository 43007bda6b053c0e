import { test } from 'node:test';
import fc from 'fast-check';
import { fromSubject } from '../../../../src/engine/certificates/certificate-name.ts';
import { readApiGatewayCertificate } from '../../../../src/engine/certificates/forms/bodies/aws-api-gateway.ts';
import { readEmqxCertPem } from '../../../../src/engine/certificates/forms/bodies/emqx.ts';
import {
  EMQX_PEER_FORMS,
  readEmqxPeerCertificate,
} from '../../../../src/engine/certificates/forms/bodies/emqx-peer-certificate.ts';
import { readGenericCertificate } from '../../../../src/engine/certificates/forms/bodies/generic-body.ts';
import { readVernemqClientCert } from '../../../../src/engine/certificates/forms/bodies/vernemq.ts';
import { HEADER_FORMS } from '../../../../src/engine/certificates/forms/registry.ts';
import {
  enableForms,
  readCertificateHeaders,
} from '../../../../src/engine/certificates/header-certificates.ts';
import { decodePem } from '../../../../src/engine/certificates/text/decode.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { readProxyCertificate } from '../../../support/proxy-protocol/form.ts';
import { ask, SEED } from '../support/ask.ts';
import { piece, place } from '../support/mutations.ts';

/** Whatever anybody sends ends as a verdict, never as an exception. */

test('any text in any form, and any bytes anywhere: no exception escapes', () => {
  const forms = [...HEADER_FORMS.values()].map((form) => ({ form, on: enableForms([{ name: form.name }]) }));
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...forms),
      fc.array(text, { minLength: 8, maxLength: 8 }),
      ({ form, on }, texts) => {
        const headers = Object.values(form.headers).flatMap((name, index) => [
          name.endsWith('-') ? `${name}0` : name,
          texts[index] ?? '',
        ]);
        ask(readCertificateHeaders(headers, on, true).certificate);
        const [one = '', two = ''] = texts;
        ask(readEmqxCertPem(one));
        for (const peer of EMQX_PEER_FORMS.values()) {
          ask(readEmqxPeerCertificate(peer, one, { commonName: two, subject: one }));
          ask(readEmqxPeerCertificate(peer, Buffer.from(one), { certificateRequired: true }));
        }
        ask(readVernemqClientCert(one));
        ask(readGenericCertificate({ certificate: [one], certificateChain: two }));
        ask(
          readApiGatewayCertificate({ requestContext: { identity: { clientCert: { clientCertPem: one } } } }),
        );
        fromSubject(one, 'rfc4514');
        fromSubject(`CN=${one}, O=${two}`, 'mbedtls');
      },
    ),
    { numRuns: 3_000, ...SEED },
  );
});

test('any value in a body: no exception escapes', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.anything(), (one, two, three) => {
      ask(readGenericCertificate({ certificate: one, certificateChain: two, certificateVerified: three }));
      ask(readVernemqClientCert(one));
      ask(readApiGatewayCertificate(one));
      ask(
        readApiGatewayCertificate({
          requestContext: { authentication: { clientCert: { clientCertPem: two } } },
        }),
      );
    }),
    { numRuns: 2_000, ...SEED },
  );
});

test('changed PROXY protocol headers and certificates as bytes: no exception escapes', () => {
  const headers = ['haproxy/proxy-v2--p256', 'haproxy/proxy-v2--none', 'hitch/proxy-v2--p256'].map((name) =>
    goldenBytes(`captures/forwarded-certificates/${name}.http`),
  );
  const [certificate = Buffer.alloc(0)] = decodePem(
    goldenBytes('pki/san.crt.pem').toString('latin1'),
    'lines',
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...headers),
      fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 6 }),
      (header, bytes) => {
        const proxy = Buffer.from(header);
        const der = Buffer.from(certificate);
        for (const [at, byte] of bytes) {
          proxy[at % proxy.length] = byte;
          der[at % der.length] = byte;
        }
        ask(readProxyCertificate(proxy));
        ask({ kind: 'certificate', form: 'test', der, chain: [certificate, der], verification: 'verified' });
      },
    ),
    { numRuns: 3_000, ...SEED },
  );
});
