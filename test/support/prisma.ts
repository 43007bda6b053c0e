import type { DatabaseLocation } from '../../src/storage/connections/database-url.ts';
import {
  type ClientOptions,
  databaseClient,
  type PrismaClient,
} from '../../src/storage/connections/prisma.ts';
import {
  DeviceRepository,
  type DeviceRepositoryOptions,
} from '../../src/storage/repositories/devices/device-repository.ts';

/** A client of a migrated database; whoever asks for it disconnects it. */
export function openPrisma(location: DatabaseLocation, options?: ClientOptions): Promise<PrismaClient> {
  return databaseClient(location, options).open();
}

/** Devices over a client that is theirs. */
export class OpenedDevices extends DeviceRepository {
  readonly #prisma: PrismaClient;

  private constructor(prisma: PrismaClient, options: DeviceRepositoryOptions) {
    super(prisma, undefined, options);
    this.#prisma = prisma;
  }

  static async open(
    location: DatabaseLocation,
    options: DeviceRepositoryOptions = {},
  ): Promise<OpenedDevices> {
    return new OpenedDevices(await openPrisma(location), options);
  }

  close(): Promise<void> {
    return this.#prisma.$disconnect();
  }
}
