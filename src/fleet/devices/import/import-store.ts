import type { CredentialsType, NewSecret } from '../../../model/device.ts';
import type { ImportedProfile } from './import-item.ts';

/** A device that is there already, with all that an import may change of it. */
export interface KnownDevice {
  readonly id: string;
  readonly name: string;
  readonly label: string | undefined;
  readonly additionalInfo: string | null;
  readonly profileName: string;
}

export interface KnownCredentials extends Period {
  readonly id: string;
  readonly deviceId: string | undefined;
  readonly credentialsId: string;
  readonly credentialsType: CredentialsType;
  readonly credentialsValue: string | null;
  /** The secrets that are kept beside the value. */
  readonly secrets: readonly KnownSecret[];
}

export interface KnownSecret {
  readonly hash: string;
  /** {@link importedAs} of the hash that an import brought; a login may have brought it up to date since. */
  readonly importedAs: string | null;
}

/** Epoch milliseconds; absent means no bound. */
export interface Period {
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
}

/** What the database has of a batch, by name, id and credentials id. */
export interface Known {
  readonly devicesByName: ReadonlyMap<string, KnownDevice>;
  readonly devicesById: ReadonlyMap<string, KnownDevice>;
  readonly credentials: ReadonlyMap<string, KnownCredentials>;
}

export interface Wanted {
  readonly names: readonly string[];
  readonly ids: readonly string[];
  readonly credentialsIds: readonly string[];
}

/** Credentials as they are stored: the value holds a marker where the secret is kept beside it. */
export interface StoredForm {
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  readonly credentialsValue: string | null;
  readonly secret?: NewSecret | undefined;
}

export interface DeviceToCreate {
  readonly id: string;
  readonly createdTime: number;
  readonly name: string;
  readonly label: string | undefined;
  readonly additionalInfo: string | null;
  readonly profileId: string;
  readonly profileName: string;
}

/** What of a device that is there is written anew; absent members stay. */
export interface DeviceToUpdate {
  readonly id: string;
  readonly label?: string | undefined;
  readonly additionalInfo?: string | undefined;
  readonly profile?: { readonly id: string; readonly name: string } | undefined;
}

/** All that one record writes. */
export interface DeviceChange {
  readonly create?: DeviceToCreate | undefined;
  readonly update?: DeviceToUpdate | undefined;
  /** New credentials, beside those that the device has, or in their place. */
  readonly add?:
    | (StoredForm & {
        readonly deviceId: string;
        readonly period?: Period | undefined;
        readonly alone: boolean;
      })
    | undefined;
  /** Other contents for a row; its secrets go. */
  readonly overwrite?: (StoredForm & { readonly rowId: string }) | undefined;
  readonly period?: { readonly rowId: string; readonly period: Period } | undefined;
}

/** For the audit trail: which records a transaction came from. */
export interface BatchNote {
  readonly importId: string;
  readonly format: string;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly created: number;
  readonly updated: number;
}

/** What importing needs of the database. */
export interface ImportStore {
  known(wanted: Wanted): Promise<Known>;
  /** The id of the profile of this name; made, unless `dry`, where there is none. */
  profile(name: string, dry: boolean): Promise<string | undefined>;
  /**
   * Brings a profile of ThingsBoard's here, under its own id unless ours has the name already.
   * @returns the id under which it is here, or a sentence on why it cannot be.
   */
  bringProfile(profile: ImportedProfile, dry: boolean): Promise<{ readonly id: string } | string>;
  /** Writes all or nothing; false when somebody else changed what the changes rest on. */
  write(changes: readonly DeviceChange[], note: BatchNote): Promise<boolean>;
}
