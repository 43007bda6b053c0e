import type { CertificateFault } from './text/fault.ts';

/** Every form in which a client certificate may be forwarded; one file each in `forms/`. */
export type CertificateForm = string;

/**
 * A client's certificate as the TLS endpoint saw it.
 *
 * `verified` is the endpoint's own word: `verified` (it checked the chain and possession), `failed` (it checked and
 * says no), `not_checked` (possession was proved, the chain was not looked at).
 */
export interface PeerCertificate {
  readonly kind: 'certificate';
  readonly form: CertificateForm;
  /** DER of the leaf. */
  readonly der: Uint8Array;
  /** DER of each further certificate, from the leaf's issuer upwards; the leaf is not repeated here. */
  readonly chain: readonly Uint8Array[];
  readonly verification: 'verified' | 'failed' | 'not_checked';
  /** The endpoint's own words about a failed verification, for the log. */
  readonly verificationDetail?: string | undefined;
}

/** A digest of the leaf's DER, lower-case hex, where it came without the certificate. */
export interface CertificateDigest {
  readonly algorithm: 'sha256' | 'md5';
  readonly hex: string;
}

/**
 * CN, DN, SAN or a digest only, where no certificate is forwarded: only as good as the endpoint's own verification.
 */
export interface CertificateName {
  readonly kind: 'name';
  readonly form: CertificateForm;
  readonly commonName?: string | undefined;
  /** Subject DN, in the broker's own notation. */
  readonly subject?: string | undefined;
  /** Names the certificate exactly, but ThingsBoard's credentials id (SHA3-256) cannot be computed from it. */
  readonly digest?: CertificateDigest | undefined;
}

/** A certificate was announced but can't be read: a denial of its own, never "no certificate". */
export interface UnreadableCertificate {
  readonly kind: 'unreadable';
  readonly form: CertificateForm;
  /** Short and free of the certificate's own text. */
  readonly detail: string;
  readonly fault?: CertificateFault | undefined;
  /** Set where the endpoint says that verification failed and hands on no certificate (lighttpd). */
  readonly verification?: 'failed' | undefined;
}

export interface NoCertificate {
  readonly kind: 'none';
}

export type PresentedCertificate = PeerCertificate | CertificateName | UnreadableCertificate | NoCertificate;

export const NO_CERTIFICATE: NoCertificate = Object.freeze({ kind: 'none' });
