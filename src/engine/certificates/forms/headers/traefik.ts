import { certificateUnreadable } from '../../../../model/errors.ts';
import { NO_CERTIFICATE } from '../../../../model/peer-certificate.ts';
import { decodeDerBase64, decodePercent, MAX_CERTIFICATE_TEXT, MAX_CERTIFICATES } from '../../text/decode.ts';
import { declaredVerification, type HeaderForm, textOf, withCertificate } from '../form.ts';

/**
 * Traefik's `passTLSClientCert` with `pem` (`forwarded-certificates.md` section 4.7): Base64 of each certificate's
 * DER, joined by commas, the leaf first, as sent by the client. Before 2.9.2 each was percent-encoded. The TLS
 * options decide what is verified; the header does not tell. With `forwardedHeaders.insecure` a client's own header
 * passes, so the peer must be a proxy without that option.
 */
export const traefik: HeaderForm = {
  name: 'traefik',
  headers: { certificate: 'x-forwarded-tls-client-cert' },
  read: (request) => {
    const text = textOf(request, 'certificate', Number.POSITIVE_INFINITY);
    if (text === undefined) return NO_CERTIFICATE;
    const parts = text.split(',', MAX_CERTIFICATES + 1);
    if (parts.length > MAX_CERTIFICATES) throw certificateUnreadable('too_many_certificates');
    const [leaf, ...others] = parts.map(decodeOne);
    if (leaf === undefined) throw certificateUnreadable('malformed_base64');
    return withCertificate(request, [leaf, ...others], declaredVerification(request.settings));
  },
};

/** Base64 contains no percent sign, so one indicates the older encoding. */
function decodeOne(text: string): Buffer {
  if (text.length > MAX_CERTIFICATE_TEXT) throw certificateUnreadable('too_large');
  return decodeDerBase64(text.includes('%') ? decodePercent(text) : text);
}
