/** The name of a form in which a client certificate is forwarded. Each form is a file in `forms/`. */
/** Every form in which a client certificate may be forwarded; one file each in `forms/`. */
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
interface CertificateDigest {
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

/**
 * Every reason why a forwarded certificate is unreadable, with its text for the log. The texts never contain the
 * value: it may be a private key that somebody configured by mistake (`forwarded-certificates.md` section 9).
 */
export const CERTIFICATE_FAULTS = {
  malformed_base64: 'not canonical Base64',
  malformed_percent: 'not valid percent-encoding',
  malformed_pem: 'not exactly one BEGIN CERTIFICATE … END CERTIFICATE block per certificate',
  malformed_der: 'not a certificate in DER',
  malformed_field: 'the field has the wrong type or content for its form',
  trailing_data: 'bytes after the certificate',
  multiple_certificates: 'several certificates in a form that holds one',
  too_many_certificates: 'more than 10 certificates',
  too_large: 'longer than the limit for certificates',
  structured_field_syntax: 'not a structured field of byte sequences (RFC 9651)',
  xfcc_syntax: 'not in the syntax of X-Forwarded-Client-Cert',
  xfcc_ambiguous: 'the number of elements differs from the number of trusted proxies',
  chain_without_leaf: 'a chain was sent without the certificate it belongs to',
  chain_mismatch: 'the chain does not begin with the certificate',
  hash_mismatch: 'the digest sent with it belongs to another certificate',
  duplicate_header: 'the header was sent more than once',
  conflicting_headers: 'two enabled forms name different certificates',
  untrusted_source: 'the header was sent from an address that is not a configured proxy',
  not_verified: 'verification failed, and no certificate was forwarded',
  withheld: 'a certificate was presented but not forwarded',
  uncorroborated: 'nothing shows that the broker wrote the value, so it may be the client’s own text',
  proxy_protocol_malformed: 'not a PROXY protocol v2 header',
} as const satisfies Record<string, string>;

export type CertificateFault = keyof typeof CERTIFICATE_FAULTS;
