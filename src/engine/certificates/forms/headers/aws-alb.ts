import { certificateUnreadable } from '../../../../model/errors.ts';
import { NO_CERTIFICATE } from '../../../../model/peer-certificate.ts';
import { decodePem, decodePercent, MAX_CHAIN_TEXT } from '../../text/decode.ts';
import { type HeaderForm, simpleForm, textOf, withCertificate } from '../form.ts';
import { escapedPem } from './nginx.ts';

/**
 * AWS Application Load Balancer in verify mode (`forwarded-certificates.md` section 4.8): only the leaf, with `+`,
 * `/` and `=` unescaped. The result is always `verified`, because clients with other certificates never get
 * through.
 */
const leaf: HeaderForm = simpleForm(
  'aws_alb_verify',
  { certificate: 'x-amzn-mtls-clientcert-leaf' },
  escapedPem,
);

export const awsAlbVerify: HeaderForm = {
  ...leaf,
  read: (request) => leaf.read({ ...request, settings: { ...request.settings, endpointVerifies: true } }),
};

/** Passthrough mode: the whole chain, leaf first, verified by nobody. */
export const awsAlbPassthrough: HeaderForm = {
  name: 'aws_alb_passthrough',
  headers: { certificate: 'x-amzn-mtls-clientcert' },
  read: (request) => {
    const text = textOf(request, 'certificate', MAX_CHAIN_TEXT);
    if (text === undefined) return NO_CERTIFICATE;
    const [first, ...others] = decodePem(decodePercent(text), 'lines');
    if (first === undefined) throw certificateUnreadable('malformed_pem');
    return withCertificate(request, [first, ...others], { result: 'not_checked' });
  },
};
