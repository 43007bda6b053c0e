import type { KeepPassword } from '../../engine/secrets/keep-password.ts';
import type { DeviceEntry } from '../../model/device.ts';
import { isDeviceName, LONGEST_NAME } from '../../model/device-name.ts';
import { ThingPassError } from '../../model/errors.ts';
import type { DeviceStore } from './device-store.ts';
import { type CredentialsRequest, makeCredentials, type ShownSecret } from './new-credentials.ts';

export interface DeviceAndSecret {
  readonly device: DeviceEntry;
  readonly secret: ShownSecret | undefined;
}

/** The life of devices under ThingsBoard's rules for saving (`engine/credentials/thingsboard.md` section 2). */
export class DeviceService {
  readonly #devices: DeviceStore;
  readonly #keepPassword: KeepPassword;

  constructor(devices: DeviceStore, keepPassword: KeepPassword) {
    this.#devices = devices;
    this.#keepPassword = keepPassword;
  }

  /** @throws {ThingPassError} */
  async create(device: {
    readonly name: string;
    readonly profileName: string;
    readonly label?: string | undefined;
    readonly gateway: boolean;
    readonly request: CredentialsRequest;
  }): Promise<DeviceAndSecret> {
    refuseName('device', device.name);
    refuseName('profile', device.profileName);
    const { credentials, secret } = await makeCredentials(device.request, this.#keepPassword);
    const created = await this.#devices.create({
      name: device.name,
      profileName: device.profileName,
      label: device.label,
      additionalInfo: device.gateway ? JSON.stringify({ gateway: true }) : undefined,
      credentials,
    });
    return { device: created, secret };
  }

  /** @throws {ThingPassError} when there is no such device. */
  async get(idOrName: string): Promise<DeviceEntry> {
    return deviceOf(this.#devices, idOrName);
  }

  /** @throws {ThingPassError} when there is no such device. */
  async remove(idOrName: string): Promise<DeviceEntry> {
    const device = await this.get(idOrName);
    // False where somebody else was first.
    return (await this.#devices.remove(device.id)) ? device : this.get(idOrName);
  }
}

/** @throws {ThingPassError} `device_not_found`, or `thingsboard_read_only` for a device of ThingsBoard's own. */
export async function deviceOf(devices: DeviceStore, idOrName: string): Promise<DeviceEntry> {
  const device = await devices.find(idOrName);
  if (device !== undefined) return device;
  await requireOurs(devices, idOrName);
  throw new ThingPassError('device_not_found', `there is no device ${idOrName}`);
}

/** @throws {ThingPassError} `thingsboard_read_only` for a device of ThingsBoard's own database. */
export async function requireOurs(devices: DeviceStore, idOrName: string): Promise<void> {
  const theirs = await devices.findThingsBoards(idOrName);
  if (theirs === undefined) return;
  throw new ThingPassError(
    'thingsboard_read_only',
    `the device ${theirs.name} (${theirs.id}) is in ThingsBoard’s own database, which is only read: change it in ThingsBoard`,
  );
}

function refuseName(what: string, name: string): void {
  if (!isDeviceName(name)) {
    throw new ThingPassError(
      'name_invalid',
      `a ${what} name has 1 to ${LONGEST_NAME} characters and no control characters`,
    );
  }
}
