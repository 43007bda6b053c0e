import type { AuditAction, AuditNote } from '../../model/audit.ts';
import type { DeviceEntry, NewCredentials, NewDevice, NewSecret, Window } from '../../model/device.ts';

/** One thing to be done to what a device proves itself with. Rows are named by their ids, new ones by the caller. */
export type CredentialsStep =
  | { readonly do: 'create'; readonly rowId: string; readonly credentials: NewCredentials }
  | { readonly do: 'overwrite'; readonly rowId: string; readonly credentials: NewCredentials }
  | { readonly do: 'end'; readonly rowId: string; readonly window: Window }
  | { readonly do: 'remove'; readonly rowId: string }
  | {
      readonly do: 'create_secret';
      readonly rowId: string;
      readonly secretId: string;
      readonly secret: NewSecret;
    }
  | { readonly do: 'end_secret'; readonly rowId: string; readonly secretId: string; readonly window: Window }
  | { readonly do: 'remove_secret'; readonly rowId: string; readonly secretId: string }
  /** Another text for people and for lookups in the place of the value; type and id stay. */
  | { readonly do: 'set_value'; readonly rowId: string; readonly value: string }
  /** Puts a certificate on the deny list, by the SHA-256 of its DER. */
  | { readonly do: 'deny_certificate'; readonly sha256: string };

/** What is done to one device at once, and what the audit trail says of it. */
export interface CredentialsChange {
  readonly steps: readonly CredentialsStep[];
  readonly action: AuditAction;
  readonly detail: AuditNote['detail'];
}

/** Devices and what they prove themselves with, as storage keeps them. Every change is one transaction, with its audit event. */
export interface DeviceStore {
  /** As ThingsBoard has it: a change that leaves a device with several credentials is refused. */
  readonly oneCredentialPerDevice: boolean;
  /** @throws {ThingPassError} `name_taken`, `credentials_taken`. */
  create(device: NewDevice): Promise<DeviceEntry>;
  /** The device with this id or, failing that, this name. */
  find(idOrName: string): Promise<DeviceEntry | undefined>;
  /** ThingsBoard's own device with this id or name: it is there, and not ours to change. */
  findThingsBoards(idOrName: string): Promise<Pick<DeviceEntry, 'id' | 'name'> | undefined>;
  /** Removes the device with all its credentials; false when there was none. */
  remove(id: string): Promise<boolean>;
  /**
   * Changes what a device proves itself with, all of it or nothing.
   * @throws {ThingPassError} `version_conflict` when the device is not what it was, `credentials_taken`,
   * `one_credential_per_device`.
   */
  changeCredentials(device: DeviceEntry, change: CredentialsChange): Promise<void>;
}
