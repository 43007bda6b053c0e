import { Certificate, CertificateChainValidationEngine, type GeneralSubtree, NameConstraints } from 'pkijs';
import type { InspectedCertificate } from '../x509/inspect.ts';

/**
 * What name constraints and policies have against a path whose signatures, names, dates and lengths hold (RFC 5280
 * section 6.1). Loaded only for paths that have such constraints, since few have and the library is large.
 *
 * The library is given the path and looks for none: its own search does not end where authorities sign one another.
 * Constraints of the authority that ends the path count as well, as OpenSSL has it.
 * @param path leaf first.
 * @returns in words, or nothing where all are met.
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
    // The last is the one that is validated.
    certs: [...above.slice(0, -1), leaf],
    // The dates have been looked at, or are not to be.
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

/** Now, where all are valid now; else some time at which most are, as their dates are not this check's business. */
function dateWithin(path: readonly InspectedCertificate[], now: number): Date {
  const start = Math.max(...path.map(({ notBefore }) => notBefore));
  const end = Math.min(...path.map(({ notAfter }) => notAfter));
  return new Date(Math.min(Math.max(now, start), end));
}
