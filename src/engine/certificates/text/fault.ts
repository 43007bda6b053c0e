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

/** Thrown only inside `certificates/`; the form readers turn it into an `UnreadableCertificate`. */
export class CertificateUnreadable extends Error {
  override readonly name = 'CertificateUnreadable';
  readonly fault: CertificateFault;

  constructor(fault: CertificateFault, detail: string = CERTIFICATE_FAULTS[fault]) {
    super(detail);
    this.fault = fault;
  }
}
