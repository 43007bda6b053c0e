import {
  AWS_API_GATEWAY,
  readApiGatewayCertificate,
} from '../../engine/certificates/forms/bodies/aws-api-gateway.ts';
import {
  GENERIC_CERTIFICATE,
  readGenericCertificate,
} from '../../engine/certificates/forms/bodies/generic-body.ts';
import { unreadable } from '../../engine/certificates/header-certificates.ts';
import {
  type CertificateForm,
  NO_CERTIFICATE,
  type PresentedCertificate,
} from '../../model/peer-certificate.ts';
import type { BrokerSettings, WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { type HeaderCertificate, readHeaderCertificate } from '../header-certificate.ts';
import { type CertificateField, ignoredFields } from '../ignored-certificates.ts';

/** The certificates that the generic endpoint is given: in the body, or in the headers of a relayed wss upgrade. */

/** The common name or subject alone, as a broker knows it that decodes PROXY protocol v2. */
const GENERIC_NAME = 'generic_name';

export const GENERIC_FORMS: readonly CertificateForm[] = [GENERIC_CERTIFICATE, GENERIC_NAME, AWS_API_GATEWAY];

const COMMON_NAME = 'certificateCommonName';
const SUBJECT = 'certificateSubject';
const FIELDS: readonly CertificateField[] = [
  { names: ['certificate', 'certificateChain'], form: GENERIC_CERTIFICATE },
  { names: [COMMON_NAME, SUBJECT], form: GENERIC_NAME },
  { names: ['requestContext'], form: AWS_API_GATEWAY },
];
const VERIFIED = 'certificateVerified';
const NAMES: ReadonlySet<string> = new Set([...FIELDS.flatMap(({ names }) => names), VERIFIED]);

/** The one certificate that came. Where several came, in whichever forms, one of them is somebody else's. */
export function readGenericCertificates(
  request: WebhookRequest,
  fields: Fields,
  settings: BrokerSettings,
): HeaderCertificate {
  const inHeaders = readHeaderCertificate(request, settings);
  // Nearly all who ask for a topic have none, and need not be looked at under each of the names.
  if (!fields.names().some((name) => NAMES.has(name))) return inHeaders;
  const inBody = readBodyCertificate(fields, settings);
  const inContext = settings.certificateForms.has(AWS_API_GATEWAY)
    ? readApiGatewayCertificate({ requestContext: fields.structureOrText('requestContext') })
    : NO_CERTIFICATE;
  const ignoredInBody = ignoredFields(fields, FIELDS, settings.certificateForms);
  const ignored = ignoredInBody === undefined ? inHeaders.ignored : [...inHeaders.ignored, ...ignoredInBody];
  if (inHeaders.certificate.kind === 'none' && inBody.kind === 'none' && inContext.kind === 'none') {
    return { certificate: NO_CERTIFICATE, ignored };
  }
  const [certificate = NO_CERTIFICATE, ...others] = [inHeaders.certificate, inBody, inContext].filter(
    ({ kind }) => kind !== 'none',
  );
  return {
    certificate: others.length === 0 ? certificate : unreadable(GENERIC_CERTIFICATE, 'conflicting_headers'),
    ignored,
  };
}

function readBodyCertificate(fields: Fields, settings: BrokerSettings): PresentedCertificate {
  const forms = settings.certificateForms;
  const nameMayCome = forms.has(GENERIC_NAME);
  const certificateVerified = flag(fields.text(VERIFIED));
  if (forms.has(GENERIC_CERTIFICATE)) {
    const certificate = readGenericCertificate({
      certificate: fields.structureOrText('certificate'),
      certificateChain: fields.structureOrText('certificateChain'),
      certificateVerified:
        nameMayCome && fields.get('certificate') === undefined ? undefined : certificateVerified,
    });
    if (certificate.kind !== 'none') return certificate;
  }
  return nameMayCome ? readName(fields, certificateVerified) : NO_CERTIFICATE;
}

/** A name is no better than the check behind it, so the broker must say that there was one. */
function readName(fields: Fields, certificateVerified: unknown): PresentedCertificate {
  const commonName = fields.filled(COMMON_NAME);
  const subject = fields.filled(SUBJECT);
  if (commonName === undefined && subject === undefined) return NO_CERTIFICATE;
  if (certificateVerified !== true) return unreadable(GENERIC_NAME, 'not_verified');
  return { kind: 'name', form: GENERIC_NAME, commonName, subject };
}

/** Anything but the two words stays as it is, for the reader of the form to refuse. */
function flag(text: string | undefined): unknown {
  return text === 'true' || text === 'false' ? text === 'true' : text;
}
