import { CertificateUnreadable } from '../text/fault.ts';
import { type InspectedCertificate, inspectCertificate, opensslCertificate } from './inspect.ts';
import { sameName } from './name.ts';

/** Why a chain does not hold; `at` counts the certificates from the leaf, which is 0. */
export interface BrokenChain {
  readonly holds: false;
  readonly at: number;
  readonly fault: ChainFault;
  /** In words, for explain and the log. */
  readonly reason: string;
}

export type ChainVerdict = { readonly holds: true } | BrokenChain;

const FAULTS = {
  unreadable: 'cannot be read',
  name_mismatch: 'is not the issuer that the certificate before it names',
  key_mismatch: 'has another key identifier than the certificate before it names',
  signature_invalid: 'did not sign the certificate before it',
  not_a_ca: 'is not a certificate authority',
  may_not_sign: 'may not sign certificates (keyUsage lacks keyCertSign)',
  path_too_long: 'allows fewer certificate authorities below it (pathLenConstraint)',
  not_yet_valid: 'is not valid yet',
  expired: 'has expired',
  unknown_critical_extension: 'has a critical extension that is unknown here',
} as const;

export type ChainFault = keyof typeof FAULTS;

export interface ChainRules {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Leave the authorities' dates unlooked at, as ThingsBoard's `skip_validity_check_for_client_cert`. */
  readonly skipDates?: boolean | undefined;
  readonly inspect?: ((der: Uint8Array) => InspectedCertificate) | undefined;
}

/**
 * Whether certificates that came with a leaf really lead upwards from it (RFC 5280 section 6.1 without a trust anchor).
 *
 * Beyond the leaf a chain is the client's word. ThingsBoard checks signatures only, by which a registered device's own
 * certificate could stand as the authority over one that its owner made up. So each must be one: named as the issuer, its
 * signature valid, CA:TRUE, allowed to sign certificates, within its path length and its dates.
 *
 * The leaf's own dates are not looked at: they have a reason of their own. Name constraints and policies are for a
 * validation against configured authorities.
 * @param leaf DER.
 * @param chain DER from the leaf's issuer upwards. None is a chain that holds.
 */
export function checkChain(leaf: Uint8Array, chain: readonly Uint8Array[], rules: ChainRules): ChainVerdict {
  let below = leaf;
  // RFC 5280 section 6.1.4 (l): self-issued ones do not count, and the leaf is no authority.
  let authoritiesBelow = 0;
  for (const [index, der] of chain.entries()) {
    const at = index + 1;
    try {
      const inspect = rules.inspect ?? inspectCertificate;
      const issuer = inspect(der);
      const fault = faultOf(inspect(below), issuer, authoritiesBelow, rules) ?? signatureFault(below, der);
      if (fault !== undefined) return broken(at, fault);
      if (!sameName(issuer.subject, issuer.issuer)) authoritiesBelow++;
    } catch (error) {
      if (error instanceof CertificateUnreadable) return broken(at, 'unreadable');
      throw error;
    }
    below = der;
  }
  return { holds: true };
}

function faultOf(
  certificate: InspectedCertificate,
  issuer: InspectedCertificate,
  authoritiesBelow: number,
  { now, skipDates }: ChainRules,
): ChainFault | undefined {
  if (!sameName(certificate.issuer, issuer.subject)) return 'name_mismatch';
  if (issuer.basicConstraints?.ca !== true) return 'not_a_ca';
  if (issuer.keyUsage !== undefined && !issuer.keyUsage.includes('keyCertSign')) return 'may_not_sign';
  if (authoritiesBelow > (issuer.basicConstraints.pathLength ?? Number.POSITIVE_INFINITY))
    return 'path_too_long';
  if (issuer.unknownCritical.length > 0) return 'unknown_critical_extension';
  if (skipDates !== true && now < issuer.notBefore) return 'not_yet_valid';
  if (skipDates !== true && now > issuer.notAfter) return 'expired';
  return undefined;
}

function signatureFault(certificate: Uint8Array, issuer: Uint8Array): ChainFault | undefined {
  const signed = opensslCertificate(certificate);
  const signer = opensslCertificate(issuer);
  // Names, authority key identifier, the issuer's keyUsage; no signature and no dates (`forwarded-certificates.md` section 8).
  if (!signed.checkIssued(signer)) return 'key_mismatch';
  return verifies(signed, signer) ? undefined : 'signature_invalid';
}

/** `publicKey` and `verify` throw for algorithms that OpenSSL does not have. */
function verifies(signed: ReturnType<typeof opensslCertificate>, signer: typeof signed): boolean {
  try {
    return signed.verify(signer.publicKey);
  } catch {
    return false;
  }
}

function broken(at: number, fault: ChainFault): BrokenChain {
  return { holds: false, at, fault, reason: `certificate ${at} of the chain ${FAULTS[fault]}` };
}
