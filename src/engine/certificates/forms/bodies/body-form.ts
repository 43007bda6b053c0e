import { isThingPassError } from '../../../../model/errors.ts';
import type {
  CertificateForm,
  PeerCertificate,
  PresentedCertificate,
} from '../../../../model/peer-certificate.ts';
import { assembleChain } from '../../text/assemble-chain.ts';

/** What the operator declares about a broker that sends certificates in the request's body. */
export interface BodySettings {
  /** The broker verifies every certificate that it sends. */
  readonly endpointVerifies?: boolean | undefined;
}

/** Returns the result of `read`; a `certificate_unreadable` becomes an unreadable certificate. */
export function readBodyForm(form: CertificateForm, read: () => PresentedCertificate): PresentedCertificate {
  try {
    return read();
  } catch (error) {
    if (!isThingPassError(error, 'certificate_unreadable')) throw error;
    return { kind: 'unreadable', form, fault: error.data.fault, detail: error.message };
  }
}

/** @param certificates the leaf first, then the others in any order; the leaf may be among them. */
export function bodyCertificate(
  form: CertificateForm,
  certificates: readonly [Buffer, ...Buffer[]],
  settings: BodySettings,
): PeerCertificate {
  const [leaf, ...others] = certificates;
  return {
    kind: 'certificate',
    form,
    der: leaf,
    chain: assembleChain(leaf, others),
    verification: settings.endpointVerifies === true ? 'verified' : 'not_checked',
  };
}
