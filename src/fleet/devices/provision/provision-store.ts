import type { CredentialsType } from '../../../model/device.ts';

/** What provisioning needs of a profile: `provision_type` and the key are columns, the secret is in `profile_data`. */
export interface ProvisionProfile {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  /** `DISABLED`, `ALLOW_CREATE_NEW_DEVICES`, `CHECK_PRE_PROVISIONED_DEVICES` or `X509_CERTIFICATE_CHAIN`. */
  readonly provisionType: string;
  /** `undefined` where the profile has no provision configuration or no secret. */
  readonly provisionDeviceSecret?: string | undefined;
  /** It is in a database that is only read: nothing is provisioned by it. */
  readonly readOnly?: boolean | undefined;
}

export interface ProvisionCredentials {
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  readonly credentialsValue: string | null;
}

export interface ProvisionDevice {
  readonly id: string;
  readonly profileId: string;
  /** The server attribute `provisionState`; any value says that the device was claimed before. */
  readonly provisionState?: string | undefined;
  /** Absent where the device has none. */
  readonly credentials?: ProvisionCredentials | undefined;
}

export interface NewProvisionDevice {
  readonly name: string;
  readonly profile: ProvisionProfile;
  /** `additional_info` as JSON text. */
  readonly additionalInfo?: string | undefined;
  readonly credentials: ProvisionCredentials;
}

/** The value of `provisionState` once a device was created or claimed. */
export const PROVISIONED = 'provisioned';
export const PROVISION_STATE = 'provisionState';

/** Provisioning's door to storage. All of these throw when the storage cannot be asked. */
export interface ProvisionStore {
  findProfile(provisionDeviceKey: string): Promise<ProvisionProfile | undefined>;
  /** The device of this name in the tenant, of whatever profile. */
  findDevice(tenantId: string, name: string): Promise<ProvisionDevice | undefined>;
  /**
   * Writes the device, its credentials and its `provisionState`, all or nothing.
   * @returns false where the name or the credentials id is taken, however late that shows.
   */
  createDevice(device: NewProvisionDevice): Promise<boolean>;
  /** Sets `provisionState`; false where the device has one already, however late that shows. */
  markProvisioned(deviceId: string): Promise<boolean>;
}
