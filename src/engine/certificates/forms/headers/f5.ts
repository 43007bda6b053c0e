import { decodeEitherText, onlyOne } from '../../text/decode.ts';
import { type HeaderForm, simpleForm } from '../form.ts';

/**
 * F5 BIG-IP (`forwarded-certificates.md` section 4.8): the text that the iRule writes, usually `[b64encode
 * [SSL::cert 0]]` or `[URI::encode [X509::whole …]]`. The client SSL profile decides what is verified.
 */
export const f5: HeaderForm = simpleForm('f5', { certificate: 'x-client-cert' }, (text) =>
  onlyOne(decodeEitherText(text)),
);
