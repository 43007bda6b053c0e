import type { DeviceIdentity, Role } from '../decision.ts';

/** The client whose topics are asked about: what the connect decision, or the lookup that stands in for it, found. */
export interface Holder {
  readonly role: Role;
  readonly clientId: string;
  readonly username?: string | undefined;
  /** Absent for a provisioning session only. */
  readonly device?: DeviceIdentity | undefined;
  /** The common name of the certificate that identified the client; never one it merely sent along. */
  readonly commonName?: string | undefined;
}
