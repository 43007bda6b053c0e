import { randomUUID } from 'node:crypto';
import { isGateway } from '../../../engine/credentials/stored/stored-json.ts';
import { generate } from '../../../engine/secrets/generate.ts';
import type { ImportedDevice } from './import-item.ts';
import type { DeviceToUpdate, Known, KnownCredentials, KnownDevice, Period } from './import-store.ts';
import type { SecretKeeper } from './keep-secret.ts';
import type { PreparedCredentials } from './prepare-device.ts';

/** A device of a file with its formatted credentials and its profile. */
export interface PreparedDevice {
  readonly device: ImportedDevice;
  readonly credentials: PreparedCredentials | undefined;
  /** Absent in a dry run if the profile does not exist yet. */
  readonly profileId: string | undefined;
  /** The device's profile, or the import's default. */
  readonly profileName: string;
}

/** What importing a device would change. Nothing is hashed or written yet. */
export type DevicePlan =
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refused'; readonly why: string }
  | {
      readonly outcome: 'created' | 'updated';
      readonly detail?: string;
      readonly create?: { readonly id: string; readonly additionalInfo: string | null };
      readonly update?: DeviceToUpdate;
      /** `replaceOthers`: in place of all the device's credentials. */
      readonly add?: {
        readonly deviceId: string;
        readonly credentials: PreparedCredentials;
        readonly replaceOthers: boolean;
      };
      readonly overwrite?: { readonly rowId: string; readonly credentials: PreparedCredentials };
      /** For existing credentials. */
      readonly period?: { readonly rowId: string; readonly period: Period };
    };

/**
 * Decides what a record changes. A record adds and changes, but removes nothing: the device's other credentials and
 * absent members stay. The exception is a password: if the credentials exist with another password, it is replaced.
 * @param oneCredential a device has one credential, as in ThingsBoard: the record's replaces the others.
 */
export async function planDevice(
  prepared: PreparedDevice,
  known: Known,
  keeper: Pick<SecretKeeper, 'isSame'>,
  oneCredential: boolean,
): Promise<DevicePlan> {
  const { device, credentials } = prepared;
  const { origin } = device;
  const existing = (origin && known.devicesById.get(origin.id)) ?? known.devicesByName.get(device.deviceName);
  if (existing !== undefined && origin !== undefined && existing.id !== origin.id)
    return { outcome: 'refused', why: `another device already has this name (${existing.id})` };
  const named = known.devicesByName.get(device.deviceName);
  if (named !== undefined && existing !== undefined && named.id !== existing.id)
    return { outcome: 'refused', why: `another device already has this name (${named.id})` };
  const row = credentials && known.credentials.get(credentials.credentialsId);
  if (row !== undefined && row.deviceId !== existing?.id) {
    const owner = known.devicesById.get(row.deviceId ?? '');
    const whose = owner === undefined ? 'a deleted device' : `device ${owner.name} (${owner.id})`;
    return { outcome: 'refused', why: `the credentials already belong to ${whose}` };
  }
  return existing === undefined
    ? planNew(prepared)
    : planExisting(prepared, existing, row, keeper, oneCredential);
}

function planNew({ device, credentials }: PreparedDevice): DevicePlan {
  const { origin } = device;
  const id = origin?.id ?? randomUUID();
  const additionalInfo = origin ? origin.additionalInfo : withGateway(null, device.gateway);
  const made = credentials === undefined && origin === undefined;
  const wanted = credentials ?? (made ? newToken() : undefined);
  return {
    outcome: 'created',
    ...(made ? { detail: 'with a new access token' } : {}),
    create: { id, additionalInfo },
    ...(wanted === undefined ? {} : { add: { deviceId: id, credentials: wanted, replaceOthers: false } }),
  };
}

async function planExisting(
  { device, credentials, profileId, profileName }: PreparedDevice,
  existing: KnownDevice,
  row: KnownCredentials | undefined,
  keeper: Pick<SecretKeeper, 'isSame'>,
  oneCredential: boolean,
): Promise<DevicePlan> {
  const changes: string[] = [];
  const update: { -readonly [Member in keyof DeviceToUpdate]: DeviceToUpdate[Member] } = { id: existing.id };
  if (device.label !== undefined && device.label !== existing.label) {
    update.label = device.label;
    changes.push('label');
  }
  const info = device.origin
    ? device.origin.additionalInfo
    : withGateway(existing.additionalInfo, device.gateway);
  if (info !== null && info !== existing.additionalInfo) {
    update.additionalInfo = info;
    changes.push(device.origin ? 'additional information' : 'gateway');
  }
  const named = device.origin !== undefined || device.profileName !== undefined;
  if (named && profileName !== existing.profileName) {
    if (profileId !== undefined) update.profile = { id: profileId, name: profileName };
    changes.push('profile');
  }
  const period = periodOf(device);
  let rest: Partial<Extract<DevicePlan, { outcome: 'created' | 'updated' }>> = {};
  if (credentials !== undefined && row === undefined) {
    changes.push(oneCredential ? 'credentials replaced' : 'credentials added to the existing ones');
    rest = { add: { deviceId: existing.id, credentials, replaceOthers: oneCredential } };
  } else if (credentials !== undefined && row !== undefined) {
    const same = await keeper.isSame(row, credentials);
    if (!same) changes.push(credentials.secret === undefined ? 'credentials' : 'password');
    const moved = period !== undefined && !isSamePeriod(period, row);
    if (moved) changes.push('validity');
    rest = {
      ...(same ? {} : { overwrite: { rowId: row.id, credentials } }),
      ...(moved ? { period: { rowId: row.id, period } } : {}),
    };
  }
  if (changes.length === 0) return { outcome: 'unchanged' };
  return {
    outcome: 'updated',
    detail: changes.join(', '),
    // Also if only the credentials change: this increments the device's version and detects its deletion.
    update,
    ...rest,
  };
}

/** The validity that the record gives to its credentials; `undefined` if it gives none. */
export function periodOf({ notBefore, notAfter }: ImportedDevice): Period | undefined {
  return notBefore === undefined && notAfter === undefined ? undefined : { notBefore, notAfter };
}

function isSamePeriod(wanted: Period, known: Period): boolean {
  return wanted.notBefore === known.notBefore && wanted.notAfter === known.notAfter;
}

/** Sets or clears the gateway flag in `additional_info` and keeps everything else. */
function withGateway(info: string | null, gateway: boolean | undefined): string | null {
  if (gateway === undefined || gateway === isGateway(info)) return info;
  let members: unknown;
  try {
    members = JSON.parse(info ?? '{}');
  } catch {
    members = {};
  }
  return JSON.stringify({ ...(members as object), gateway });
}

function newToken(): PreparedCredentials {
  return {
    credentialsType: 'ACCESS_TOKEN',
    credentialsId: generate('access_token'),
    credentialsValue: null,
  };
}
