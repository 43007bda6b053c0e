import type { Decision, Step } from '../../model/decision.ts';
import type { MaybePromise } from '../../model/maybe-promise.ts';
import type { ConnectAttempt } from '../../model/question.ts';
import type { NameSource } from '../certificates/certificate-name.ts';
import type { Trust } from '../certificates/trust/trust.ts';
import type { AdmitContext } from './admit.ts';
import type { ChainProvisioning } from './certificate/certificate-chain.ts';
import type { CertificateNames, CertificateNameUse } from './certificate/certificate-names.ts';
import type { CredentialsStore } from './credentials-record.ts';
import type { VerifySecret } from './verify-secret.ts';

/** What is asked of a certificate beyond ThingsBoard's rules. */
export type CertificateTrust = Pick<Trust, 'check'>;

/** What resolution is given from outside; it has no state and does no I/O but through `store`. */
export interface ResolveContext extends AdmitContext {
  readonly store: CredentialsStore;
  readonly verifySecret: VerifySecret;
  /** Accept ThingsBoard's provisioning session. */
  readonly provisionSessions: boolean;
  /** Admit certificates outside their dates, as ThingsBoard's `skip_validity_check_for_client_cert`. */
  readonly skipCertificateDates: boolean;
  /** Forms of certificates that are believed although the TLS endpoint did not verify them. */
  readonly uncheckedCertificateForms?: ReadonlySet<string> | undefined;
  /** Whether a listener is declared to admit nobody without a verified certificate. */
  readonly certificateOnly?: ((listener: string | undefined) => boolean) | undefined;
  /** What a certificate's name alone is compared with, if it identifies at all. */
  readonly certificateNames?: CertificateNameUse | undefined;
  /** How the broker writes certificates' names; without it, no name can be told from another. */
  readonly nameSource?: NameSource | undefined;
  readonly names?: CertificateNames | undefined;
  /** Where devices of certificate profiles are found, created and renewed; without it, unknown certificates are unknown. */
  readonly provisioning?: ChainProvisioning | undefined;
  /** What the installation asks of certificates beyond ThingsBoard's rules; without it, nothing. */
  readonly trust?: CertificateTrust | undefined;
}

/** One named step: a decision ends the chain, `undefined` leaves it to the next step. Reports itself into `steps`. */
export type ResolveStep = (
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
) => MaybePromise<Decision | undefined>;
