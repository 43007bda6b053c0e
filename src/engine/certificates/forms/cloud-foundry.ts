import { decodeEitherText, onlyOne } from '../text/decode.ts';
import { type HeaderForm, simpleForm } from './form.ts';

/**
 * Cloud Foundry's router and others: the certificate itself, bare Base64 of the DER or PEM, under the name that Envoy uses
 * for its own syntax (`forwarded-certificates.md` section 4.2). Two forms that are never on together.
 */
export const cloudFoundry: HeaderForm = simpleForm(
  'cloud_foundry',
  { certificate: 'x-forwarded-client-cert' },
  (text) => onlyOne(decodeEitherText(text)),
);
