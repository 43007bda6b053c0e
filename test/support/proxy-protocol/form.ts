import { bodyCertificate, readBodyForm } from '../../../src/engine/certificates/forms/bodies/body-form.ts';
import { decodeDer } from '../../../src/engine/certificates/text/decode.ts';
import { certificateUnreadable } from '../../../src/model/errors.ts';
import {
  CERTIFICATE_FAULTS,
  NO_CERTIFICATE,
  type PresentedCertificate,
} from '../../../src/model/peer-certificate.ts';
import { decodeProxyHeader, type ProxyHeader, type ProxyTls } from './decode.ts';

const PROXY_V2 = 'proxy_v2';

const COMMON_NAME = 0x22;
const CERTIFICATE = 0x28;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The certificate in a PROXY protocol v2 header, or the name that stands for it (`forwarded-certificates.md` section 4.4).
 *
 * "Verified" takes a flag that a certificate was presented *and* verify 0: HAProxy says 0 without a certificate. A flag with
 * verify 0 and neither a name nor a certificate (hitch) is a certificate that is not handed on.
 */
export function readProxyCertificate(bytes: Buffer): PresentedCertificate {
  return readBodyForm(PROXY_V2, () => certificateOf(decodeProxyHeader(bytes)));
}

export function certificateOf(header: ProxyHeader): PresentedCertificate {
  const { tls } = header;
  if (tls === undefined || !tls.certificatePresented) {
    // A certificate without the flag is no statement that this specification knows.
    if (tls?.values.has(CERTIFICATE)) throw certificateUnreadable('proxy_protocol_malformed');
    return NO_CERTIFICATE;
  }
  const der = tls.values.get(CERTIFICATE);
  if (der !== undefined) return readDer(der, tls);
  if (tls.verify !== 0) {
    const detail = `OpenSSL verification error ${tls.verify}`;
    return { kind: 'unreadable', form: PROXY_V2, fault: 'not_verified', verification: 'failed', detail };
  }
  const commonName = tls.values.get(COMMON_NAME);
  if (commonName === undefined) throw certificateUnreadable('withheld', CERTIFICATE_FAULTS.withheld);
  return { kind: 'name', form: PROXY_V2, commonName: utf8Text(commonName) };
}

function readDer(der: Buffer, { verify }: ProxyTls): PresentedCertificate {
  const certificate = bodyCertificate(PROXY_V2, [decodeDer(der)], { endpointVerifies: true });
  if (verify === 0) return certificate;
  return {
    ...certificate,
    verification: 'failed',
    verificationDetail: `OpenSSL verification error ${verify}`,
  };
}

function utf8Text(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw certificateUnreadable('malformed_field', 'the common name is not UTF-8');
  }
}
