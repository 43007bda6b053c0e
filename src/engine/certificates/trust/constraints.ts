import { Certificate, CertificateChainValidationEngine, type GeneralSubtree, NameConstraints } from 'pkijs';
import type { InspectedCertificate } from '../x509/inspect.ts';

/**
 * Checks name constraints and policies of a path whose signatures, names, dates and lengths are valid (RFC 5280
 * section 6.1). This module is loaded only for paths with such constraints: few have them, and the library is
 * large.
 *
 * The library gets the complete path and searches none, because its own search does not end if authorities sign
 * each other. Constraints of the path's last authority count as well, as in OpenSSL.
 * @param path leaf first.
 * @returns the violation in words, or `undefined` if all constraints are met.
 */
export async function constraintFault(
  path: readonly InspectedCertificate[],
  now: number,
): Promise<string | undefined> {
  const certificates = path.map(({ der }) => Certificate.fromBER(Uint8Array.from(der)));
  const anchor = certificates.at(-1) as Certificate;
  const nextOf = new Map(certificates.map((one, index) => [one, certificates[index + 1] ?? one]));
  const [leaf, ...above] = certificates as [Certificate, ...Certificate[]];
  const engine = new CertificateChainValidationEngine({
    trustedCerts: [anchor],
    // The library validates the last certificate.
    certs: [...above.slice(0, -1), leaf],
    // The dates are checked elsewhere, or not at all.
    checkDate: dateWithin(path, now),
    findIssuer: async (certificate) => [nextOf.get(certificate) ?? anchor],
  });
  const { permittedSubtrees: permitted = [], excludedSubtrees: excluded = [] } = constraintsOf(anchor);
  const verdict = await engine.verify({
    initialPermittedSubtreesSet: permitted,
    initialExcludedSubtreesSet: excluded,
  });
  return verdict.result ? undefined : verdict.resultMessage || 'its constraints are not met';
}

function constraintsOf(certificate: Certificate): {
  permittedSubtrees?: GeneralSubtree[] | undefined;
  excludedSubtrees?: GeneralSubtree[] | undefined;
} {
  const found = certificate.extensions?.find(({ extnID }) => extnID === '2.5.29.30')?.parsedValue;
  return found instanceof NameConstraints ? found : {};
}

/**
 * Returns now if all certificates are valid now, and else a time at which most are, because this check ignores
 * dates.
 */
function dateWithin(path: readonly InspectedCertificate[], now: number): Date {
  const start = Math.max(...path.map(({ notBefore }) => notBefore));
  const end = Math.min(...path.map(({ notAfter }) => notAfter));
  return new Date(Math.min(Math.max(now, start), end));
}
