import type {
  ChainCredentials,
  ChainDevice,
  ChainProfile,
  ChainProvisioning,
} from '../../engine/credentials/certificate/certificate-chain.ts';
import type { CredentialsType } from '../../model/device.ts';
import type { DatabaseClient, PrismaClient } from '../connections/prisma.ts';
import { findChainProfiles, toChainDevice } from '../repositories/profiles/chain-profiles.ts';

/**
 * Certificate profiles and their devices in ThingsBoard's own tables, marked as read-only: a device that would have to be created
 * or renewed there is refused.
 */
export class ThingsBoardChains implements ChainProvisioning {
  readonly #client: DatabaseClient;

  constructor(client: DatabaseClient) {
    this.#client = client;
  }

  async findProfiles(provisionDeviceKeys: readonly string[]): Promise<ReadonlyMap<string, ChainProfile>> {
    const profiles = await findChainProfiles(await this.#client.open(), provisionDeviceKeys);
    return new Map([...profiles].map(([key, profile]) => [key, { ...profile, readOnly: true }]));
  }

  async findDevice(profile: ChainProfile, name: string): Promise<ChainDevice | undefined> {
    const prisma = await this.#client.open();
    const row = await prisma.device.findFirst({
      where: { tenantId: profile.tenantId, name, deviceProfileId: profile.id },
      select: { id: true, additionalInfo: true },
    });
    if (row === null) return undefined;
    const device = toChainDevice(row.id, name, row.additionalInfo, profile);
    return { device, credentials: await credentialsOf(prisma, row.id) };
  }

  async create(): Promise<boolean> {
    throw new Error('ThingsBoard’s database is only read');
  }

  async renew(): Promise<boolean> {
    throw new Error('ThingsBoard’s database is only read');
  }
}

async function credentialsOf(prisma: PrismaClient, deviceId: string): Promise<ChainCredentials | undefined> {
  const row = await prisma.deviceCredentials.findFirst({
    where: { deviceId },
    select: { id: true, credentialsId: true, credentialsType: true },
  });
  if (row === null) return undefined;
  const credentialsType = row.credentialsType as CredentialsType;
  return { rowId: row.id, credentialsId: row.credentialsId ?? '', credentialsType };
}

/** ThingsBoard's profiles first, then ours; a profile's devices are where the profile is, and only ours are written. */
export function chainsInOrder(theirs: ChainProvisioning, own: ChainProvisioning): ChainProvisioning {
  return {
    async findProfiles(keys) {
      const [first, second] = await Promise.all([theirs.findProfiles(keys), own.findProfiles(keys)]);
      return first.size === 0 ? second : new Map([...second, ...first]);
    },
    findDevice: (profile, name) => (profile.readOnly ? theirs : own).findDevice(profile, name),
    create: (device) => own.create(device),
    renew: (replaced, by) => own.renew(replaced, by),
  };
}
