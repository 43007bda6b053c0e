import type { DeviceIdentity, Role } from './device-identity.ts';

/** The client whose topics are asked about: what the connect decision, or the lookup that stands in for it, found. */
export interface TopicSubject {
  readonly role: Role;
  /**
   * Client id and user name where the credentials that let the client in fix them: MQTT basic ones that hold such a name.
   * Anything else that a client sends is its own choice, and nobody's name.
   */
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
  /** Absent for a provisioning session only. */
  readonly device?: DeviceIdentity | undefined;
  /** The common name of the certificate that identified the client; never one it merely sent along. */
  readonly commonName?: string | undefined;
}
