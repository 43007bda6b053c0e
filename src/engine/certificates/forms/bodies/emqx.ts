import { certificateUnreadable } from '../../../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../../../model/peer-certificate.ts';
import { isAbsent } from '../../text/absence.ts';
import { decodeEitherText, MAX_CERTIFICATE_TEXT, onlyOne } from '../../text/decode.ts';
import { type BodySettings, bodyCertificate, readBodyForm } from './body-form.ts';

/** `${cert_pem}` in a separate field. */
export const EMQX_CERT_PEM = 'emqx_cert_pem';

/**
 * Reads `${cert_pem}`: despite its name, Base64 of the DER on one line, empty without a certificate
 * (`forwarded-certificates.md` section 5). PEM with markers is read too. EMQX sends unverified certificates in the
 * same way, so only the operator can declare that EMQX verifies.
 */
export function readEmqxCertPem(
  value: string | undefined,
  settings: BodySettings = {},
): PresentedCertificate {
  return readBodyForm(EMQX_CERT_PEM, () => {
    if (value === undefined || isAbsent(value)) return NO_CERTIFICATE;
    if (value.length > MAX_CERTIFICATE_TEXT) throw certificateUnreadable('too_large');
    return bodyCertificate(EMQX_CERT_PEM, [onlyOne(decodeEitherText(value))], settings);
  });
}
