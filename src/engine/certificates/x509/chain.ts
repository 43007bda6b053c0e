import { isThingPassError } from '../../../model/errors.ts';
import { type InspectedCertificate, inspectCertificate, opensslCertificate } from './inspect.ts';
import { sameName } from './name.ts';

/** Why a chain is invalid. `at` is the index of the certificate; the leaf is 0. */
interface BrokenChain {
  readonly valid: false;
  readonly at: number;
  readonly fault: ChainFault;
  /** The reason in words, for explain and the log. */
  readonly reason: string;
}

export type ChainVerdict = { readonly valid: true } | BrokenChain;

const FAULTS = {
  unreadable: 'cannot be read',
  name_mismatch: 'is not the issuer named in the certificate before it',
  key_mismatch: 'has a different key identifier than the one named in the certificate before it',
  signature_invalid: 'did not sign the certificate before it',
  not_a_ca: 'is not a certificate authority',
  may_not_sign: 'may not sign certificates (keyUsage lacks keyCertSign)',
  path_too_long: 'allows fewer certificate authorities below it (pathLenConstraint)',
  not_yet_valid: 'is not valid yet',
  expired: 'has expired',
  unknown_critical_extension: 'has an unknown critical extension',
} as const;

type ChainFault = keyof typeof FAULTS;

export interface ChainRules {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Do not check the authorities' dates, as ThingsBoard's `skip_validity_check_for_client_cert`. */
  readonly skipDates?: boolean | undefined;
  readonly inspect?: ((der: Uint8Array) => InspectedCertificate) | undefined;
}

/**
 * Decides whether the certificates sent with a leaf form a valid path upwards from it (RFC 5280 section 6.1,
 * without a trust anchor).
 *
 * The client chooses the chain. ThingsBoard checks signatures only, so a registered device's own certificate could
 * pose as the authority over one that the device's owner made up. Therefore every certificate in the chain must be
 * named as issuer, have a valid signature, CA:TRUE and the right to sign certificates, and be within its path
 * length and dates.
 *
 * The leaf's dates have a separate deny reason and are not checked here. Name constraints and policies are checked
 * in validations against configured authorities.
 * @param leaf DER.
 * @param chain DER from the leaf's issuer upwards. An empty chain is valid.
 */
export function checkChain(leaf: Uint8Array, chain: readonly Uint8Array[], rules: ChainRules): ChainVerdict {
  let below = leaf;
  // RFC 5280 section 6.1.4 (l): self-issued certificates do not count, and the leaf is not an authority.
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
      if (isThingPassError(error, 'certificate_unreadable')) return broken(at, 'unreadable');
      throw error;
    }
    below = der;
  }
  return { valid: true };
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
  // Compares names, the authority key identifier and the issuer's keyUsage, but neither signature nor dates
  // (`forwarded-certificates.md` section 8).
  if (!signed.checkIssued(signer)) return 'key_mismatch';
  return verifies(signed, signer) ? undefined : 'signature_invalid';
}

/** False also for algorithms that OpenSSL does not have: `publicKey` and `verify` throw for them. */
function verifies(signed: ReturnType<typeof opensslCertificate>, signer: typeof signed): boolean {
  try {
    return signed.verify(signer.publicKey);
  } catch {
    return false;
  }
}

function broken(at: number, fault: ChainFault): BrokenChain {
  return { valid: false, at, fault, reason: `certificate ${at} of the chain ${FAULTS[fault]}` };
}
