import { decodeEitherText, onlyOne } from '../text/decode.ts';
import { type HeaderForm, simpleForm } from './form.ts';

/**
 * Kong's tls-metadata-headers (`forwarded-certificates.md` section 4.8): percent-encoded PEM and the SHA-1 beside it. What
 * its header-cert-auth reads, Base64 of the DER, is read as well. Whether Kong verified is up to its mtls-auth plugin.
 */
export const kong: HeaderForm = simpleForm(
  'kong',
  { certificate: 'x-client-cert', digest: 'x-client-cert-fingerprint' },
  (text) => onlyOne(decodeEitherText(text)),
);
