import { randomUUID } from 'node:crypto';
import { isGateway } from '../../../engine/credentials/stored/stored-json.ts';
import { generate } from '../../../engine/secrets/generate.ts';
import type { ImportedDevice } from './import-item.ts';
import type { DeviceToUpdate, Known, KnownCredentials, KnownDevice, Period } from './import-store.ts';
import type { SecretKeeper } from './keep-secret.ts';
import type { PreparedCredentials } from './prepare-device.ts';

/** A device of a file with its credentials formatted, and the profile that it goes to. */
export interface PreparedDevice {
  readonly device: ImportedDevice;
  readonly credentials: PreparedCredentials | undefined;
  /** Absent where a dry run would make it. */
  readonly profileId: string | undefined;
  /** Of the device, or the default of the import. */
  readonly profileName: string;
}

/** What importing a device comes to. Nothing is computed or written yet. */
export type DevicePlan =
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refused'; readonly why: string }
  | {
      readonly outcome: 'created' | 'updated';
      readonly detail?: string;
      readonly create?: { readonly id: string; readonly additionalInfo: string | null };
      readonly update?: DeviceToUpdate;
      /** `alone`: in the place of all that the device has. */
      readonly add?: {
        readonly deviceId: string;
        readonly credentials: PreparedCredentials;
        readonly alone: boolean;
      };
      readonly overwrite?: { readonly rowId: string; readonly credentials: PreparedCredentials };
      /** For credentials that are there already. */
      readonly period?: { readonly rowId: string; readonly period: Period };
    };

/**
 * Decides what a record changes. A file says what a device has, never what it has not: other credentials of the device stay
 * beside those of the file, absent members stay as they are. The exception is a password: the same credentials with another
 * one lose the one they had.
 * @param oneCredential a device has one credential, as ThingsBoard has it: the file's takes the place of the others.
 */
export async function planDevice(
  prepared: PreparedDevice,
  known: Known,
  keeper: Pick<SecretKeeper, 'isSame'>,
  oneCredential: boolean,
): Promise<DevicePlan> {
  const { device, credentials } = prepared;
  const { origin } = device;
  const there = (origin && known.devicesById.get(origin.id)) ?? known.devicesByName.get(device.deviceName);
  if (there !== undefined && origin !== undefined && there.id !== origin.id)
    return { outcome: 'refused', why: `another device here has the name (${there.id})` };
  const named = known.devicesByName.get(device.deviceName);
  if (named !== undefined && there !== undefined && named.id !== there.id)
    return { outcome: 'refused', why: `another device here has the name (${named.id})` };
  const row = credentials && known.credentials.get(credentials.credentialsId);
  if (row !== undefined && row.deviceId !== there?.id) {
    const owner = known.devicesById.get(row.deviceId ?? '');
    const whose = owner === undefined ? 'a device that is gone' : `device ${owner.name} (${owner.id})`;
    return { outcome: 'refused', why: `the credentials already belong to ${whose}` };
  }
  return there === undefined ? planNew(prepared) : planKnown(prepared, there, row, keeper, oneCredential);
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
    ...(wanted === undefined ? {} : { add: { deviceId: id, credentials: wanted, alone: false } }),
  };
}

async function planKnown(
  { device, credentials, profileId, profileName }: PreparedDevice,
  there: KnownDevice,
  row: KnownCredentials | undefined,
  keeper: Pick<SecretKeeper, 'isSame'>,
  oneCredential: boolean,
): Promise<DevicePlan> {
  const changes: string[] = [];
  const update: { -readonly [Member in keyof DeviceToUpdate]: DeviceToUpdate[Member] } = { id: there.id };
  if (device.label !== undefined && device.label !== there.label) {
    update.label = device.label;
    changes.push('label');
  }
  const info = device.origin
    ? device.origin.additionalInfo
    : withGateway(there.additionalInfo, device.gateway);
  if (info !== null && info !== there.additionalInfo) {
    update.additionalInfo = info;
    changes.push(device.origin ? 'additional information' : 'gateway');
  }
  const named = device.origin !== undefined || device.profileName !== undefined;
  if (named && profileName !== there.profileName) {
    if (profileId !== undefined) update.profile = { id: profileId, name: profileName };
    changes.push('profile');
  }
  const period = periodOf(device);
  let rest: Partial<Extract<DevicePlan, { outcome: 'created' | 'updated' }>> = {};
  if (credentials !== undefined && row === undefined) {
    changes.push(oneCredential ? 'credentials replaced' : 'credentials added beside those it has');
    rest = { add: { deviceId: there.id, credentials, alone: oneCredential } };
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
    // Also where only its credentials change: that makes another version of the device, and finds it gone.
    update,
    ...rest,
  };
}

/** Between which times the record says that its credentials hold; `undefined` where it says nothing. */
export function periodOf({ notBefore, notAfter }: ImportedDevice): Period | undefined {
  return notBefore === undefined && notAfter === undefined ? undefined : { notBefore, notAfter };
}

function isSamePeriod(wanted: Period, known: Period): boolean {
  return wanted.notBefore === known.notBefore && wanted.notAfter === known.notAfter;
}

/** `additional_info` with the gateway's mark set or cleared; all else in it stays. */
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
