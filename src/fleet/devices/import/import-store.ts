import type { CredentialsType, NewSecret } from '../../../model/device.ts';
import type { ImportedProfile } from './import-item.ts';

/** An existing device with everything that an import may change. */
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
  /** The secrets that are stored separately from the value. */
  readonly secrets: readonly KnownSecret[];
}

export interface KnownSecret {
  readonly hash: string;
  /** The fingerprint ({@link importedAs}) of the hash that was imported; a login may have upgraded the hash since. */
  readonly importedAs: string | null;
}

/** Validity in epoch milliseconds; absent means no limit. */
export interface Period {
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
}

/** What the database contains of a batch's devices and credentials. */
export interface Known {
  readonly devicesByName: ReadonlyMap<string, KnownDevice>;
  readonly devicesById: ReadonlyMap<string, KnownDevice>;
  readonly credentials: ReadonlyMap<string, KnownCredentials>;
}

export interface KnownQuery {
  readonly names: readonly string[];
  readonly ids: readonly string[];
  readonly credentialsIds: readonly string[];
}

/** Credentials in stored form: the value contains a marker if the secret is stored separately. */
export interface StoredForm {
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  readonly credentialsValue: string | null;
  readonly secret?: NewSecret | undefined;
}

interface DeviceToCreate {
  readonly id: string;
  readonly createdTime: number;
  readonly name: string;
  readonly label: string | undefined;
  readonly additionalInfo: string | null;
  readonly profileId: string;
  readonly profileName: string;
}

/** Changes of an existing device; absent members stay. */
export interface DeviceToUpdate {
  readonly id: string;
  readonly label?: string | undefined;
  readonly additionalInfo?: string | undefined;
  readonly profile?: { readonly id: string; readonly name: string } | undefined;
}

/** Everything that one record writes. */
export interface DeviceChange {
  readonly create?: DeviceToCreate | undefined;
  readonly update?: DeviceToUpdate | undefined;
  /** New credentials, in addition to the device's others or, with `replaceOthers`, in their place. */
  readonly add?:
    | (StoredForm & {
        readonly deviceId: string;
        readonly period?: Period | undefined;
        readonly replaceOthers: boolean;
      })
    | undefined;
  /** New contents for a row; its secrets are deleted. */
  readonly overwrite?: (StoredForm & { readonly rowId: string }) | undefined;
  readonly period?: { readonly rowId: string; readonly period: Period } | undefined;
}

/** For the audit trail: the records of a transaction. */
export interface BatchNote {
  readonly importId: string;
  readonly format: string;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly created: number;
  readonly updated: number;
}

/** The database operations of an import. */
export interface ImportStore {
  known(wanted: KnownQuery): Promise<Known>;
  /** Returns the id of the profile with this name. If there is none, it is created, except in a dry run. */
  profile(name: string, dry: boolean): Promise<string | undefined>;
  /**
   * Copies a ThingsBoard profile, under its own id unless an existing profile has its name.
   * @returns the profile's id here, or a sentence that says why it cannot be copied.
   */
  importProfile(profile: ImportedProfile, dry: boolean): Promise<{ readonly id: string } | string>;
  /**
   * Writes all changes or none.
   * @returns false if somebody else changed rows on which the changes depend.
   */
  write(changes: readonly DeviceChange[], note: BatchNote): Promise<boolean>;
}
