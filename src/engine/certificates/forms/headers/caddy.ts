import { decodeDerBase64 } from '../../text/decode.ts';
import { type HeaderForm, simpleForm } from '../form.ts';

/**
 * Caddy's `{http.request.tls.client.certificate_der_base64}` (`forwarded-certificates.md` section 4.6). Without a
 * certificate, Caddy 2.6 sends the placeholder itself and later versions send nothing. No placeholder reports the
 * verification: it depends on the `client_auth` mode, which only the operator knows.
 */
export const caddy: HeaderForm = simpleForm('caddy', { certificate: 'x-ssl-client-cert' }, decodeDerBase64);
