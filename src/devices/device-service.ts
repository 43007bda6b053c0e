import { formatCredentials } from '../credentials/format.ts';
import type { DeviceEntry, NewCredentials } from '../storage/device-entry.ts';
import type { DeviceRepository } from '../storage/device-repository.ts';
import { type CredentialsWish, type MadeCredentials, makeCredentials } from './new-credentials.ts';

/** Something about a device that cannot be done; `code` is stable, the message is for people and holds no secret. */
export class DeviceProblem extends Error {
  override readonly name = 'DeviceProblem';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface DeviceAndSecret {
  readonly device: DeviceEntry;
  readonly secret: MadeCredentials['secret'];
}

const LONGEST_NAME = 255;

/** The life of devices under ThingsBoard's rules for saving (`credentials/thingsboard.md` section 2). */
export class DeviceService {
  readonly #devices: DeviceRepository;

  constructor(devices: DeviceRepository) {
    this.#devices = devices;
  }

  /** @throws {DeviceProblem | AlreadyTaken} */
  async create(device: {
    readonly name: string;
    readonly profileName: string;
    readonly label?: string | undefined;
    readonly gateway: boolean;
    readonly wish: CredentialsWish;
  }): Promise<DeviceAndSecret> {
    refuseName('device', device.name);
    refuseName('profile', device.profileName);
    const { credentials, secret } = makeCredentials(device.wish);
    const created = await this.#devices.create({
      name: device.name,
      profileName: device.profileName,
      label: device.label,
      additionalInfo: device.gateway ? JSON.stringify({ gateway: true }) : undefined,
      credentials: asSaved(credentials),
    });
    return { device: created, secret };
  }

  /** @throws {DeviceProblem} when there is no such device. */
  async get(idOrName: string): Promise<DeviceEntry> {
    const device = await this.#devices.find(idOrName);
    if (device === undefined) throw new DeviceProblem('device_not_found', `there is no device ${idOrName}`);
    return device;
  }

  /** @throws {DeviceProblem} when there is no such device. */
  async remove(idOrName: string): Promise<DeviceEntry> {
    const device = await this.get(idOrName);
    // False where somebody else was first.
    return (await this.#devices.remove(device.id)) ? device : this.get(idOrName);
  }

  /**
   * Puts other credentials in the place of all that the device has.
   * @throws {DeviceProblem | AlreadyTaken}
   */
  async setCredentials(idOrName: string, wish: CredentialsWish): Promise<DeviceAndSecret> {
    const device = await this.get(idOrName);
    const { credentials, secret } = makeCredentials(wish);
    await this.#devices.replaceCredentials(device, asSaved(credentials));
    return { device: await this.get(device.id), secret };
  }
}

function asSaved(credentials: NewCredentials): NewCredentials {
  const formatted = formatCredentials(credentials);
  if (!formatted.ok)
    throw new DeviceProblem('credentials_invalid', `the credentials cannot be used: ${formatted.error}`);
  return {
    ...credentials,
    credentialsId: formatted.credentialsId,
    credentialsValue: formatted.credentialsValue,
  };
}

function refuseName(what: string, name: string): void {
  if (name.trim() === '' || name.length > LONGEST_NAME || /\p{Cc}|\p{Cs}/u.test(name)) {
    throw new DeviceProblem(
      'name_invalid',
      `a ${what} name has 1 to ${LONGEST_NAME} characters and no control characters`,
    );
  }
}
