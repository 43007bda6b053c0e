import type { CredentialsRecord } from '../credentials-record.ts';

/** What a certificate's name alone is compared with; `off`: it identifies nobody. */
export const CERTIFICATE_NAME_USES = ['off', 'credential', 'device_name'] as const;

export type CertificateNameUse = (typeof CERTIFICATE_NAME_USES)[number];

/** What was recorded of a certificate when it was saved as a credential, and can be asked for. */
export type RecordedName =
  /** A common name or a subject alternative name. */
  | { readonly by: 'name'; readonly value: string }
  /** Lower-case hex of the DER's digest. */
  | { readonly by: 'sha256' | 'md5'; readonly value: string };

/** The door to storage for clients of whose certificate a broker tells only a name. */
export interface CertificateNames {
  /** X.509 credentials whose certificate has the name, in one query. @throws when the storage cannot be asked. */
  findByCertificate(name: RecordedName): Promise<readonly CredentialsRecord[]>;
  /** Credentials of every type of the devices that bear the name. @throws when the storage cannot be asked. */
  findByDeviceName(name: string): Promise<readonly CredentialsRecord[]>;
}
