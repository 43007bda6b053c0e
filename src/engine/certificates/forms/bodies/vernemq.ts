import { certificateUnreadable } from '../../../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../../../model/peer-certificate.ts';
import { isAbsent } from '../../text/absence.ts';
import { decodeDerBase64, MAX_CERTIFICATE_TEXT, onlyOne } from '../../text/decode.ts';
import { cachedDecoder } from '../../text/decode-cache.ts';
import { bodyCertificate, readBodyForm } from './body-form.ts';

export const VERNEMQ_CLIENT_CERT = 'vernemq_client_cert';

const decoded = cachedDecoder((text) => [decodeDerBase64(text)]);

/**
 * Reads `client_cert` of VerneMQ's webhooks with `forward_connection_opts`: Base64 of the leaf's DER (`vernemq.md`
 * section "Certificate data"). Always verified, because VerneMQ forwards only verified certificates. With
 * `base64encode = off` the text is damaged and unreadable.
 * @param value the JSON member, of any type.
 */
export function readVernemqClientCert(value: unknown): PresentedCertificate {
  return readBodyForm(VERNEMQ_CLIENT_CERT, () => {
    if (value === undefined || value === null) return NO_CERTIFICATE;
    if (typeof value !== 'string') throw certificateUnreadable('malformed_field');
    if (isAbsent(value)) return NO_CERTIFICATE;
    if (value.length > MAX_CERTIFICATE_TEXT) throw certificateUnreadable('too_large');
    return bodyCertificate(VERNEMQ_CLIENT_CERT, [onlyOne(decoded(value))], { endpointVerifies: true });
  });
}
