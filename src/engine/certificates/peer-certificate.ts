import type { CertificateFault } from './text/fault.ts';

/** The name of a form in which a client certificate is forwarded. Each form is a file in `forms/`. */
export type CertificateForm = string;

/** A client's certificate, as the TLS endpoint received it. */
export interface PeerCertificate {
  readonly kind: 'certificate';
  readonly form: CertificateForm;
  /** DER of the leaf. */
  readonly der: Uint8Array;
  /** DER of each further certificate, from the leaf's issuer upwards, without the leaf. */
  readonly chain: readonly Uint8Array[];
  /**
   * The endpoint's verdict. `verified`: it checked the chain and the client's possession of the key. `failed`: it checked,
   * and the certificate did not pass. `not_checked`: possession was proved, but nobody checked the chain.
   */
  readonly verification: 'verified' | 'failed' | 'not_checked';
  /** The endpoint's reason for a failed verification, for the log. */
  readonly verificationDetail?: string | undefined;
}

/** A digest of the leaf's DER in lower-case hex, sent without the certificate. */
export interface CertificateDigest {
  readonly algorithm: 'sha256' | 'md5';
  readonly hex: string;
}

/** A name or digest sent without the certificate. It is only as reliable as the endpoint's own verification. */
export interface CertificateName {
  readonly kind: 'name';
  readonly form: CertificateForm;
  readonly commonName?: string | undefined;
  /** Subject DN, in the broker's notation. */
  readonly subject?: string | undefined;
  /** Identifies the certificate exactly. ThingsBoard's credentials id (SHA3-256) cannot be computed from it. */
  readonly digest?: CertificateDigest | undefined;
}

/** A certificate was announced but cannot be read. This is a denial, never treated as "no certificate". */
export interface UnreadableCertificate {
  readonly kind: 'unreadable';
  readonly form: CertificateForm;
  /** A short reason that contains no text of the certificate. */
  readonly detail: string;
  readonly fault?: CertificateFault | undefined;
  /** Set if the endpoint reports a failed verification and forwards no certificate (lighttpd). */
  readonly verification?: 'failed' | undefined;
}

export interface NoCertificate {
  readonly kind: 'none';
}

export type PresentedCertificate = PeerCertificate | CertificateName | UnreadableCertificate | NoCertificate;

export const NO_CERTIFICATE: NoCertificate = Object.freeze({ kind: 'none' });
