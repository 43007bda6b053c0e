import type { CredentialsType, TransportType } from '../../../model/device.ts';
import type { ProfileTopics } from '../../../model/device-identity.ts';
import type { CredentialsRecord, StoredDevice } from '../credentials-record.ts';

/** A device profile as chain provisioning needs it (`thingsboard.md` sections 4.3, 4.4 and 11). Plain data. */
export interface ChainProfile {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  /** The column: `X509_CERTIFICATE_CHAIN`, or a type that ends nothing. */
  readonly provisionType: string;
  /** `certificateRegExPattern`; `undefined` where the profile has none, and then it admits nobody. */
  readonly pattern: string | undefined;
  /** `allowCreateNewDevicesByX509Certificate`. */
  readonly allowCreate: boolean;
  readonly transportType: TransportType;
  readonly sparkplug: boolean;
  readonly topics: ProfileTopics;
  /** It is in a database that is only read: nobody is created or renewed by it. */
  readonly readOnly?: boolean | undefined;
}

/** A device that bears the name, with this profile, and the credentials that a renewal would replace. */
export interface ChainDevice {
  readonly device: StoredDevice;
  /** Absent where the device has none. */
  readonly credentials?: ChainCredentials | undefined;
}

export interface ChainCredentials {
  /** Of the row, for {@link ChainProvisioning.renew}. */
  readonly rowId: string;
  readonly credentialsId: string;
  readonly credentialsType: CredentialsType;
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
}

export interface NewChainDevice {
  readonly id: string;
  readonly name: string;
  readonly profile: ChainProfile;
  readonly credentials: LeafCredentials;
}

/** A certificate as credentials: ThingsBoard's id, and its Base64. */
export interface LeafCredentials {
  readonly credentialsId: string;
  readonly credentialsValue: string;
}

/**
 * Chain provisioning's door to storage, given from outside: only one process writes. What goes in and out is plain data. All
 * of these throw when the storage cannot be asked.
 */
export interface ChainProvisioning {
  /** The profiles with these provision keys, by key, of whatever type; asked for only where the leaf is not known. */
  findProfiles(provisionDeviceKeys: readonly string[]): Promise<ReadonlyMap<string, ChainProfile>>;
  /** The device of this name in the profile's tenant, if it is of this profile. */
  findDevice(profile: ChainProfile, name: string): Promise<ChainDevice | undefined>;
  /** @returns false, and nothing is written, where the name or the credentials id is taken. */
  create(device: NewChainDevice): Promise<boolean>;
  /** @returns false, and nothing is written, where the row is another by now, or the credentials id is taken. */
  renew(replaced: ChainCredentials, by: LeafCredentials): Promise<boolean>;
}

/** Where a walk up the chain ends; `at` counts the certificates from the leaf, which is 0. */
export type ChainEnd =
  | { readonly at: number; readonly record: CredentialsRecord }
  | { readonly at: number; readonly profile: ChainProfile }
  | undefined;

/**
 * ThingsBoard's validate-or-create, as far as it looks for something (`thingsboard.md` section 4.3): leaf first, each
 * certificate as a device's own, then as a profile's. The first that is found ends the walk, even where it helps nobody; a
 * profile of another provisioning type does not.
 * @param ids credentials ids of all certificates, leaf first.
 * @param found the records with these ids; the leaf is known to be none of a device's.
 */
export async function walkChain(
  ids: readonly string[],
  found: ReadonlyMap<string, CredentialsRecord>,
  provisioning: ChainProvisioning | undefined,
): Promise<ChainEnd> {
  const known = ids.findIndex((id) => found.get(id)?.credentialsType === 'X509_CERTIFICATE');
  const below = known === -1 ? ids : ids.slice(0, known);
  if (below.length > 0 && provisioning !== undefined) {
    const profiles = await provisioning.findProfiles(below);
    for (const [at, id] of below.entries()) {
      const profile = profiles.get(id);
      if (profile?.provisionType === 'X509_CERTIFICATE_CHAIN') return { at, profile };
    }
  }
  return known === -1
    ? undefined
    : { at: known, record: found.get(ids[known] as string) as CredentialsRecord };
}
