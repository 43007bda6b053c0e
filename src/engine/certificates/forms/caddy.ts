import { decodeDerBase64 } from '../text/decode.ts';
import { type HeaderForm, simpleForm } from './form.ts';

/**
 * Caddy's `{http.request.tls.client.certificate_der_base64}` (`forwarded-certificates.md` section 4.6). Without a
 * certificate 2.6 sends the placeholder itself, later versions nothing. No placeholder tells of the verification: its
 * `client_auth` mode decides, and only the operator knows that.
 */
export const caddy: HeaderForm = simpleForm('caddy', { certificate: 'x-ssl-client-cert' }, decodeDerBase64);
