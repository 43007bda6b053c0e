import { decodeEitherText, onlyOne } from '../../text/decode.ts';
import { type HeaderForm, simpleForm } from '../form.ts';

/**
 * Cloud Foundry's router and others: Base64 of the DER, or PEM, under the header name that Envoy uses with a
 * different syntax (`forwarded-certificates.md` section 4.2). This form and `xfcc` cannot be enabled together.
 */
export const cloudFoundry: HeaderForm = simpleForm(
  'cloud_foundry',
  { certificate: 'x-forwarded-client-cert' },
  (text) => onlyOne(decodeEitherText(text)),
);
