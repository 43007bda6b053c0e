import { decodeDerBase64, decodePem, decodePercent, onlyOne } from '../../text/decode.ts';
import { tokens } from '../../verification.ts';
import { type HeaderForm, simpleForm } from '../form.ts';

/**
 * nginx's `$ssl_client_escaped_cert` with `$ssl_client_verify`, also in OpenResty and Angie
 * (`forwarded-certificates.md` section 4.3). The chain is never forwarded. `$ssl_client_cert` and
 * `$ssl_client_raw_cert` break the header block, so Node's parser answers 400 before this code runs.
 */
export const nginx: HeaderForm = simpleForm(
  'nginx',
  {
    certificate: 'x-ssl-client-cert',
    verification: 'x-ssl-client-verify',
    digest: 'x-ssl-client-fingerprint',
  },
  escapedPem,
  tokens,
);

/** Base64 of the DER that an njs function makes of `$ssl_client_raw_cert`. */
export const nginxDer: HeaderForm = simpleForm(
  'nginx_der',
  { certificate: 'x-ssl-client-cert-der', verification: 'x-ssl-client-verify' },
  decodeDerBase64,
  tokens,
);

/** Decodes one percent-encoded PEM certificate; `+`, `/` and `=` may be escaped or literal. */
export function escapedPem(text: string): Buffer {
  return onlyOne(decodePem(decodePercent(text), 'lines'));
}
