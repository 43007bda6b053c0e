import { NO_CERTIFICATE } from '../../../../model/peer-certificate.ts';
import { type HeaderForm, textOf } from '../form.ts';
import { decodeUtf8 } from './latin1.ts';

/**
 * Squid's `%ssl::>cert_subject` (`forwarded-certificates.md` section 4.9): only the subject in slash form, `-`
 * without a certificate. Slash forms are forgeable (section 6), so no common name is taken from the text. It can
 * only be compared as a whole with a recorded name.
 */
export const squid: HeaderForm = {
  name: 'squid',
  headers: { certificate: 'x-ssl-client-s-dn' },
  read: (request) => {
    const text = textOf(request, 'certificate');
    return text === undefined
      ? NO_CERTIFICATE
      : { kind: 'name', form: request.form, subject: decodeUtf8(text) };
  },
};
