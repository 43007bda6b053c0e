import { tokens } from '../../verification.ts';
import { type HeaderForm, simpleForm } from '../form.ts';
import { escapedPem } from './nginx.ts';

/**
 * lighttpd's `lighty.c.urlenc(SSL_CLIENT_CERT)` by mod_magnet with `SSL_CLIENT_VERIFY` (`forwarded-certificates.md`
 * section 4.9). After a failed verification lighttpd withholds the certificate and sends only FAILED: a refusal,
 * not the absence of a certificate.
 */
export const lighttpd: HeaderForm = simpleForm(
  'lighttpd',
  { certificate: 'x-ssl-client-cert', verification: 'x-ssl-client-verify' },
  escapedPem,
  tokens,
);
