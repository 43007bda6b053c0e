import { NO_CERTIFICATE } from '../peer-certificate.ts';
import { type HeaderForm, textOf } from './form.ts';
import { utf8Of } from './latin1.ts';

/**
 * Squid's `%ssl::>cert_subject` (`forwarded-certificates.md` section 4.9): the subject's slash form and nothing else, `-`
 * without a certificate. Slash forms are forgeable (section 6), so no common name is taken from it: the text is a name as a
 * whole, good for a comparison with one that was recorded and for nothing more.
 */
export const squid: HeaderForm = {
  name: 'squid',
  headers: { certificate: 'x-ssl-client-s-dn' },
  read: (request) => {
    const text = textOf(request, 'certificate');
    return text === undefined ? NO_CERTIFICATE : { kind: 'name', form: request.form, subject: utf8Of(text) };
  },
};
