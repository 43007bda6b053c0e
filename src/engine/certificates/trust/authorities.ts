import { isThingPassError, ThingPassError } from '../../../model/errors.ts';
import { readPemText } from '../examine/pem-text.ts';
import { type InspectedCertificate, inspectCertificate } from '../x509/inspect.ts';
import { formatName, nameKey, sameName } from '../x509/name.ts';

/** The certificate authorities that the operator trusts to issue clients' certificates. */
export interface Authorities {
  readonly all: readonly InspectedCertificate[];
  /** By {@link nameKey} of the subject. There are several if keys were renewed or authorities are cross-signed. */
  readonly byName: ReadonlyMap<string, readonly InspectedCertificate[]>;
  /** Whether a path may end at this authority. */
  readonly isAnchor: (authority: InspectedCertificate) => boolean;
}

export const NO_AUTHORITIES: Authorities = Object.freeze({
  all: [],
  byName: new Map(),
  isAnchor: () => false,
});

/**
 * Parses a PEM file of certificate authorities. An authority whose issuer is also in the file is an intermediate
 * step; every other one ends a path, so that an intermediate authority can be trusted alone.
 * @throws {ThingPassError} `authorities_unusable` if there is no certificate, or one is unreadable or not an authority: a
 *   path must
 *   not end at a device by mistake.
 */
export function readAuthorities(pem: string): Authorities {
  const all = ders(pem).map((der, index) => {
    try {
      const certificate = inspectCertificate(der);
      if (certificate.basicConstraints?.ca === true) return certificate;
      throw new ThingPassError(
        'authorities_unusable',
        `certificate ${index + 1} (${formatName(certificate.subject)}) is not a certificate authority`,
      );
    } catch (error) {
      if (isThingPassError(error, 'certificate_unreadable'))
        throw new ThingPassError(
          'authorities_unusable',
          `certificate ${index + 1} cannot be read: ${error.message}`,
        );
      throw error;
    }
  });
  const byName = new Map<string, InspectedCertificate[]>();
  for (const authority of all) {
    const key = nameKey(authority.subject);
    const alike = byName.get(key) ?? [];
    if (alike.every(({ sha256 }) => sha256 !== authority.sha256)) byName.set(key, [...alike, authority]);
  }
  const anchors = new Set(
    all
      .filter(
        (one) =>
          sameName(one.subject, one.issuer) ||
          !(byName.get(nameKey(one.issuer)) ?? []).some(({ sha256 }) => sha256 !== one.sha256),
      )
      .map(({ sha256 }) => sha256),
  );
  return { all, byName, isAnchor: ({ sha256 }) => anchors.has(sha256) };
}

function ders(pem: string): readonly Buffer[] {
  try {
    return readPemText(pem).certificates;
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable'))
      throw new ThingPassError('authorities_unusable', 'contains no certificate in PEM');
    throw error;
  }
}
