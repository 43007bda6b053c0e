/**
 * Every way in which a forwarded certificate can be unreadable, with its sentence for the log. The sentences never hold
 * the value: it may be a private key that someone configured by mistake (`forwarded-certificates.md` section 9).
 */
export const CERTIFICATE_FAULTS = {
  malformed_base64: 'not canonical Base64',
  malformed_percent: 'not valid percent-encoding',
  malformed_pem: 'not exactly BEGIN CERTIFICATE … END CERTIFICATE',
  malformed_der: 'not a certificate in DER',
  malformed_field: 'the field does not hold what its form promises',
  trailing_data: 'bytes after the certificate',
  multiple_certificates: 'several certificates where the form holds one',
  too_many_certificates: 'more certificates than any honest chain',
  too_large: 'longer than any honest certificate',
  structured_field_syntax: 'not a structured field of byte sequences (RFC 9651)',
  xfcc_syntax: 'not in the syntax of X-Forwarded-Client-Cert',
  xfcc_ambiguous: 'another number of elements than there are trusted proxies',
  chain_without_leaf: 'a chain came without the certificate it belongs to',
  chain_mismatch: 'the chain does not begin with the certificate',
  hash_mismatch: 'the digest that came along is of another certificate',
  duplicate_header: 'the header came more than once',
  conflicting_headers: 'two switched-on forms name different certificates',
  untrusted_source: 'the header came from an address that is not a configured proxy',
  not_verified: 'verification failed, and no certificate was handed on',
  withheld: 'a certificate was presented, and was not handed on',
  uncorroborated: 'nothing shows that the value is the broker’s and not the client’s own text',
  proxy_protocol_malformed: 'not a PROXY protocol v2 header',
} as const satisfies Record<string, string>;

export type CertificateFault = keyof typeof CERTIFICATE_FAULTS;

/** Thrown inside `certificates/` only; the readers of forms turn it into an `UnreadableCertificate`. */
export class CertificateUnreadable extends Error {
  override readonly name = 'CertificateUnreadable';
  readonly fault: CertificateFault;

  constructor(fault: CertificateFault, detail: string = CERTIFICATE_FAULTS[fault]) {
    super(detail);
    this.fault = fault;
  }
}
