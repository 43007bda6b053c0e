import type { CredentialsType, TransportType } from '../../model/device.ts';
import type { DeviceIdentity } from '../../model/device-identity.ts';
import type { MaybePromise } from '../../model/maybe-promise.ts';

/** A secret stored apart from the credential's value; its scheme knows how to check it. */
export interface StoredSecret {
  readonly id: string;
  /** PHC-like string or another scheme's text; never shown, never logged. */
  readonly hash: string;
  /** Epoch milliseconds; absent means no bound. */
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
  /** The secret whose first use ends this one, during a rotation. */
  readonly endsOnFirstUseOf?: string | undefined;
}

/** The device of a credential together with the profile facts that decide (`thingsboard.md` sections 7, 9, 11). */
export interface StoredDevice extends DeviceIdentity {
  readonly transportType: TransportType;
  /** `additional_info.gateway` by Jackson's `asBoolean`. */
  readonly gateway: boolean;
  /** `profile_data.transportConfiguration.sparkplug` of an MQTT profile. */
  readonly sparkplug: boolean;
}

/** One credentials row with all that deciding needs, as the store found it. Immutable: caches share it. */
export interface CredentialsRecord {
  readonly credentialsId: string;
  readonly credentialsType: CredentialsType;
  /** As stored: null for tokens, Base64 for certificates, JSON text for MQTT_BASIC and LWM2M. */
  readonly credentialsValue: string | null;
  readonly deviceId: string;
  /** `undefined` when the device does not exist: ThingsBoard has no foreign key here. */
  readonly device: StoredDevice | undefined;
  /** Empty when the secret, if any, is ThingsBoard's plaintext inside `credentialsValue`. */
  readonly secrets: readonly StoredSecret[];
  /** Epoch milliseconds between which the credential as a whole holds; absent means no bound. */
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
  /** The row's own id; absent where the row is not ours to write. */
  readonly rowId?: string | undefined;
  /** The first use of this credential ends others of the device. */
  readonly endsOthers?: boolean | undefined;
}

/** The hot path's only door to storage. */
export interface CredentialsStore {
  /**
   * The records with these credentials ids, by id; ids that are not there are absent from the map. Comes at once where
   * everything is known already.
   * @param ids never empty strings, never with NUL or unpaired surrogates (PostgreSQL refuses a batch for one NUL).
   * @throws when the storage cannot be asked.
   */
  findByCredentialsIds(ids: readonly string[]): MaybePromise<ReadonlyMap<string, CredentialsRecord>>;
}
