import { CERTIFICATE_FAULTS, type CertificateFault } from '../../../model/peer-certificate.ts';

/** Thrown only inside `certificates/`; the form readers turn it into an `UnreadableCertificate`. */
export class CertificateUnreadable extends Error {
  override readonly name = 'CertificateUnreadable';
  readonly fault: CertificateFault;

  constructor(fault: CertificateFault, detail: string = CERTIFICATE_FAULTS[fault]) {
    super(detail);
    this.fault = fault;
  }
}
