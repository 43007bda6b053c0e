import { randomUUID } from 'node:crypto';
import type { CredentialsType, TransportType } from '../credentials/record.ts';
import { isGateway } from '../credentials/stored-json.ts';
import { createCredentials, overwriteCredentials } from './certificate-names.ts';
import { isStorable } from './credentials-reader.ts';
import type { DatabaseLocation } from './database-url.ts';
import { isUuid, openPrisma, type Prisma, type PrismaClient } from './prisma.ts';
import { retryWhileBusy } from './retry-busy.ts';

/** A device as management sees it, with its profile and the credentials it holds. */
export interface DeviceEntry {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly createdTime: number;
  readonly label?: string | undefined;
  readonly gateway: boolean;
  readonly profile: { readonly id: string; readonly name: string; readonly transportType: TransportType };
  readonly credentials: readonly CredentialsEntry[];
}

export interface CredentialsEntry {
  readonly id: string;
  readonly createdTime: number;
  readonly credentialsId: string;
  readonly credentialsType: CredentialsType;
  readonly credentialsValue: string | null;
  readonly version: number;
}

export interface NewCredentials {
  readonly credentialsType: CredentialsType;
  readonly credentialsId: string;
  readonly credentialsValue: string | null;
}

export interface NewDevice {
  readonly name: string;
  readonly profileName: string;
  readonly label?: string | undefined;
  readonly additionalInfo?: string | undefined;
  readonly credentials: NewCredentials;
}

/** A name or credentials id is taken; `holder` names the device that has it, when it could be found. */
export class AlreadyTaken extends Error {
  override readonly name = 'AlreadyTaken';
  readonly what: 'device name' | 'credentials';
  readonly holder: { readonly id: string; readonly name: string } | undefined;

  constructor(what: AlreadyTaken['what'], holder?: { id: string; name: string }) {
    super(
      holder
        ? `the ${what} already belongs to device ${holder.name} (${holder.id})`
        : `the ${what} is already taken`,
    );
    this.what = what;
    this.holder = holder;
  }
}

/** One installation is one tenant, unless rows come from ThingsBoard. */
export const OWN_TENANT = '00000000-0000-4000-8000-000000000001';

const WITH_PROFILE = { deviceProfile: { select: { id: true, name: true, transportType: true } } } as const;

/** Devices and their credentials in the database. Triggers leave the `change` row of every write in its transaction. */
export class DeviceRepository {
  readonly #prisma: PrismaClient;

  private constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  static async open(location: DatabaseLocation): Promise<DeviceRepository> {
    return new DeviceRepository(await openPrisma(location));
  }

  async close(): Promise<void> {
    await this.#prisma.$disconnect();
  }

  /** @throws {AlreadyTaken} when the name or the credentials id is. */
  async create(device: NewDevice): Promise<DeviceEntry> {
    const id = randomUUID();
    const now = BigInt(Date.now());
    const profile = await this.#ensureProfile(device.profileName);
    await this.#write(device.credentials.credentialsId, device.name, [
      this.#prisma.device.create({
        data: {
          id,
          createdTime: now,
          name: device.name,
          label: device.label ?? null,
          additionalInfo: device.additionalInfo ?? null,
          type: device.profileName,
          tenantId: OWN_TENANT,
          deviceProfileId: profile,
        },
      }),
      ...createCredentials(this.#prisma, {
        ...{ id: randomUUID(), createdTime: now, deviceId: id },
        ...device.credentials,
      }),
    ]);
    return (await this.find(id)) as DeviceEntry;
  }

  /** The device with this id or, failing that, this name. */
  async find(idOrName: string): Promise<DeviceEntry | undefined> {
    if (!isStorable(idOrName)) return undefined;
    const id = isUuid(idOrName) ? idOrName.toLowerCase() : undefined;
    const devices = await this.#prisma.device.findMany({
      where: { OR: [...(id === undefined ? [] : [{ id }]), { name: idOrName, tenantId: OWN_TENANT }] },
      include: WITH_PROFILE,
    });
    const device = devices.find((one) => one.id === id) ?? devices[0];
    return device === undefined ? undefined : (await this.#withCredentials([device]))[0];
  }

  /**
   * Devices by name, a page at a time.
   * @param after the name of the last device of the page before.
   */
  async list(page: { after?: string | undefined; limit: number }): Promise<DeviceEntry[]> {
    const devices = await this.#prisma.device.findMany({
      where: page.after === undefined ? {} : { name: { gt: page.after } },
      orderBy: { name: 'asc' },
      take: page.limit,
      include: WITH_PROFILE,
    });
    return this.#withCredentials(devices);
  }

  /** Removes the device with all its credentials; false when there was none. */
  async remove(id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    const [, { count }] = await retryWhileBusy(() =>
      this.#prisma.$transaction([
        this.#prisma.deviceCredentials.deleteMany({ where: { deviceId: id } }),
        this.#prisma.device.deleteMany({ where: { id } }),
      ]),
    );
    return count > 0;
  }

  /**
   * Puts one credential in the place of all that the device holds, as ThingsBoard has it: one per device.
   * @throws {AlreadyTaken} when another device holds the credentials id.
   */
  async replaceCredentials(device: DeviceEntry, credentials: NewCredentials): Promise<void> {
    const kept = device.credentials[0];
    await this.#write(credentials.credentialsId, undefined, [
      this.#prisma.deviceCredentials.deleteMany({
        where: { deviceId: device.id, ...(kept === undefined ? {} : { NOT: { id: kept.id } }) },
      }),
      ...(kept === undefined
        ? createCredentials(this.#prisma, {
            ...{ id: randomUUID(), createdTime: BigInt(Date.now()), deviceId: device.id },
            ...credentials,
          })
        : overwriteCredentials(this.#prisma, { id: kept.id }, credentials)),
    ]);
  }

  async #ensureProfile(name: string): Promise<string> {
    const where = { tenantId_name: { tenantId: OWN_TENANT, name } };
    const known = await this.#prisma.deviceProfile.findUnique({ where, select: { id: true } });
    if (known !== null) return known.id;
    const { id } = await retryWhileBusy(() =>
      this.#prisma.deviceProfile.upsert({
        where,
        update: {},
        create: {
          id: randomUUID(),
          createdTime: BigInt(Date.now()),
          name,
          type: 'DEFAULT',
          transportType: 'DEFAULT',
          provisionType: 'DISABLED',
          isDefault: name === 'default',
          tenantId: OWN_TENANT,
        },
        select: { id: true },
      }),
    );
    return id;
  }

  async #write(
    credentialsId: string,
    deviceName: string | undefined,
    writes: Prisma.PrismaPromise<unknown>[],
  ): Promise<void> {
    try {
      await retryWhileBusy(() => this.#prisma.$transaction(writes));
    } catch (error) {
      if ((error as { code?: string }).code !== 'P2002') throw error;
      const row = await this.#prisma.deviceCredentials.findUnique({ where: { credentialsId } });
      const byCredentials = row?.deviceId ? await this.find(row.deviceId) : undefined;
      if (row !== null) throw new AlreadyTaken('credentials', byCredentials);
      throw new AlreadyTaken(
        'device name',
        deviceName === undefined ? undefined : await this.find(deviceName),
      );
    }
  }

  async #withCredentials(
    devices: readonly Prisma.DeviceGetPayload<{ include: typeof WITH_PROFILE }>[],
  ): Promise<DeviceEntry[]> {
    const rows = await this.#prisma.deviceCredentials.findMany({
      where: { deviceId: { in: devices.map(({ id }) => id) } },
      orderBy: { createdTime: 'asc' },
    });
    return devices.map((device) => ({
      id: device.id,
      name: device.name ?? '',
      tenantId: device.tenantId ?? '',
      createdTime: Number(device.createdTime),
      label: device.label ?? undefined,
      gateway: isGateway(device.additionalInfo),
      profile: {
        id: device.deviceProfile.id,
        name: device.deviceProfile.name ?? '',
        transportType: (device.deviceProfile.transportType ?? 'DEFAULT') as TransportType,
      },
      credentials: rows
        .filter(({ deviceId }) => deviceId === device.id)
        .map((row) => ({
          id: row.id,
          createdTime: Number(row.createdTime),
          credentialsId: row.credentialsId ?? '',
          credentialsType: row.credentialsType as CredentialsType,
          credentialsValue: row.credentialsValue,
          version: Number(row.version),
        })),
    }));
  }
}
