import type { CredentialsType } from '../../../model/device.ts';

/** The databases that devices are in, in the order in which they are read. ThingsBoard's own is never written. */
export const DEVICE_SOURCES = ['thingsboard', 'own'] as const;
export type DeviceSource = (typeof DEVICE_SOURCES)[number];

/** A device as listings show it: what its credentials are called by, and nothing that they prove. */
export interface DeviceSummary {
  readonly id: string;
  readonly source: DeviceSource;
  readonly name: string;
  readonly label: string | undefined;
  readonly gateway: boolean;
  /** Epoch milliseconds. */
  readonly createdTime: number;
  readonly profile: { readonly id: string; readonly name: string };
  readonly credentials: readonly { readonly id: string; readonly type: CredentialsType }[];
}

/** Which devices a page of a listing is to hold. */
export interface DeviceQuery {
  /** Only devices that are there. */
  readonly source?: DeviceSource | undefined;
  /** The whole name. */
  readonly name?: string | undefined;
  readonly nameStartsWith?: string | undefined;
  /** Id or name of the profile. */
  readonly profile?: string | undefined;
  readonly credentialsType?: CredentialsType | undefined;
  /** Epoch milliseconds: only devices of which a credential, a secret or a certificate ends before. */
  readonly expiresBefore?: number | undefined;
  /** Devices after this one: the last of the page before. */
  readonly after?: Pick<DeviceSummary, 'source' | 'name' | 'id'> | undefined;
  readonly limit: number;
}
