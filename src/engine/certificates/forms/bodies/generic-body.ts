import { certificateUnreadable } from '../../../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../../../model/peer-certificate.ts';
import { isAbsent } from '../../text/absence.ts';
import { decodeEitherText, MAX_CERTIFICATES, MAX_CHAIN_TEXT } from '../../text/decode.ts';
import { type BodySettings, bodyCertificate, readBodyForm } from './body-form.ts';

export const GENERIC_CERTIFICATE = 'generic_certificate';

/** The members of a JSON body in which a home-made broker sends its TLS socket's certificate. */
export interface GenericCertificateFields {
  /** PEM or Base64 of the DER. Several certificates may be given as one text or as an array, the leaf first. */
  readonly certificate?: unknown;
  /** The same encodings, in any order, with or without the leaf. */
  readonly certificateChain?: unknown;
  /** Node's `socket.authorized`: true is verified, false is failed; if absent, the operator's declaration counts. */
  readonly certificateVerified?: unknown;
}

/**
 * Reads the certificate of a generic request's body. The leaf is the first certificate in `certificate`; it is
 * never found by names in a chain, which the client can choose (see `assembleChain`).
 */
export function readGenericCertificate(
  fields: GenericCertificateFields,
  settings: BodySettings = {},
): PresentedCertificate {
  const { certificate, certificateChain, certificateVerified } = fields;
  if (certificate === undefined && certificateChain === undefined && certificateVerified === undefined) {
    return NO_CERTIFICATE;
  }
  return readBodyForm(GENERIC_CERTIFICATE, () => {
    const [leaf, ...others] = certificatesIn(certificate);
    const chain = certificatesIn(certificateChain);
    const verified = flag(certificateVerified);
    if (leaf === undefined) {
      if (chain.length > 0) throw certificateUnreadable('chain_without_leaf');
      if (verified === true) throw certificateUnreadable('withheld');
      return NO_CERTIFICATE;
    }
    const endpointVerifies = verified ?? settings.endpointVerifies;
    const read = bodyCertificate(GENERIC_CERTIFICATE, [leaf, ...others, ...chain], {
      endpointVerifies,
    });
    return verified === false ? { ...read, verification: 'failed' } : read;
  });
}

function certificatesIn(value: unknown): readonly Buffer[] {
  if (!Array.isArray(value)) return certificatesInText(value);
  if (value.length > MAX_CERTIFICATES) throw certificateUnreadable('too_many_certificates');
  const certificates = value.flatMap(certificatesInText);
  if (certificates.length > MAX_CERTIFICATES) throw certificateUnreadable('too_many_certificates');
  return certificates;
}

/** @returns at most {@link MAX_CERTIFICATES}. */
function certificatesInText(text: unknown): readonly Buffer[] {
  if (text === undefined || text === null) return [];
  if (typeof text !== 'string') throw certificateUnreadable('malformed_field');
  if (text.length > MAX_CHAIN_TEXT) throw certificateUnreadable('too_large');
  return isAbsent(text) ? [] : decodeEitherText(text);
}

/** Other types are refused: many languages treat `"false"` as true. */
function flag(value: unknown): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw certificateUnreadable('malformed_field');
  return value;
}
