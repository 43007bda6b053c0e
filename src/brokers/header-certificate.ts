import {
  type IgnoredHeader,
  mayHoldCertificate,
  readCertificateHeaders,
} from '../engine/certificates/header-certificates.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../model/peer-certificate.ts';
import type { BrokerSettings, WebhookRequest } from './dialect.ts';
import { ignoredCertificate } from './ignored-certificates.ts';

/** What a request's headers present of a certificate, and what stood there in forms that are not enabled. */
export interface HeaderCertificate {
  readonly certificate: PresentedCertificate;
  readonly ignored: readonly string[];
}

/**
 * The certificate that a proxy, or a broker that relays its upgrade's headers, put into headers: in the forms that are
 * switched on, and only from the addresses that may write them (src/README.md, "Trust").
 */
export function readHeaderCertificate(request: WebhookRequest, settings: BrokerSettings): HeaderCertificate {
  const { headerForms = [], isProxy } = settings;
  if (headerForms.length === 0 && !mayHoldCertificate(request.headers)) return NOTHING;
  // Where no form is on, nobody's headers are believed, and who sent them need not be looked up.
  const fromProxy = headerForms.length > 0 && request.peer !== undefined && isProxy?.(request.peer) === true;
  const { certificate, ignored } = readCertificateHeaders(request.rawHeaders ?? [], headerForms, fromProxy);
  return {
    certificate,
    ignored: ignored.length === 0 ? NOTHING_IGNORED : ignored.map(describeIgnored),
  };
}

const NOTHING_IGNORED: readonly string[] = [];
const NOTHING: HeaderCertificate = Object.freeze({ certificate: NO_CERTIFICATE, ignored: NOTHING_IGNORED });

function describeIgnored({ header, forms }: IgnoredHeader): string {
  return forms.length === 0 ? `${header} is never read` : ignoredCertificate(header, ...forms);
}
