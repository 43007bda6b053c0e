import { decodeEitherText, onlyOne } from '../../text/decode.ts';
import { type HeaderForm, simpleForm } from '../form.ts';

/**
 * Kong's tls-metadata-headers (`forwarded-certificates.md` section 4.8): percent-encoded PEM and its SHA-1. Base64
 * of the DER, which Kong's header-cert-auth reads, is accepted too. Kong's mtls-auth plugin decides what is
 * verified.
 */
export const kong: HeaderForm = simpleForm(
  'kong',
  { certificate: 'x-client-cert', digest: 'x-client-cert-fingerprint' },
  (text) => onlyOne(decodeEitherText(text)),
);
