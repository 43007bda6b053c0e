import { certificateUnreadable } from '../../../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../../../model/peer-certificate.ts';
import { decodePem, MAX_CERTIFICATE_TEXT, onlyOne } from '../../text/decode.ts';
import { bodyCertificate, readBodyForm } from './body-form.ts';

export const AWS_API_GATEWAY = 'aws_api_gateway';

/**
 * The members that may hold it: the first in a REST API, the second in an HTTP API (`forwarded-certificates.md`
 * section 4.8).
 */
const PLACES = ['identity', 'authentication'] as const;

/**
 * Reads `clientCertPem` (PEM with line breaks) from AWS API Gateway's request context:
 * `requestContext.identity.clientCert` (REST) or `requestContext.authentication.clientCert` (HTTP). The result is
 * always `verified`, because the gateway admits only certificates that its truststore verifies.
 * @param body the parsed JSON body.
 */
export function readApiGatewayCertificate(body: unknown): PresentedCertificate {
  return readBodyForm(AWS_API_GATEWAY, () => {
    const context = memberOf(body, 'requestContext');
    const texts = PLACES.map((place) =>
      memberOf(memberOf(memberOf(context, place), 'clientCert'), 'clientCertPem'),
    );
    const [text, ...others] = texts.filter((one) => one !== undefined && one !== null && one !== '');
    if (text === undefined) return NO_CERTIFICATE;
    if (others.length > 0)
      throw certificateUnreadable('conflicting_headers', 'two certificates in one context');
    if (typeof text !== 'string') throw certificateUnreadable('malformed_field');
    if (text.length > MAX_CERTIFICATE_TEXT) throw certificateUnreadable('too_large');
    return bodyCertificate(AWS_API_GATEWAY, [onlyOne(decodePem(text, 'lines'))], { endpointVerifies: true });
  });
}

/** Reads own members only: the object comes from outside. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
