import { randomUUID } from 'node:crypto';
import type {
  ChainCredentials,
  ChainDevice,
  ChainProfile,
  ChainProvisioning,
  LeafCredentials,
  NewChainDevice,
} from '../../../engine/credentials/certificate/certificate-chain.ts';
import { PROVISION_STATE, PROVISIONED } from '../../../fleet/devices/provision/provision-store.ts';
import { SERVER_ACTOR } from '../../../model/audit.ts';
import type { CredentialsType } from '../../../model/device.ts';
import type { DatabaseClient, Prisma, PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { auditWrite } from '../audit-repository.ts';
import { createCredentials, overwriteCredentials } from '../credentials/credentials-writes.ts';
import { findChainProfiles, toChainDevice } from './chain-profiles.ts';

/** What Prisma says of a unique index that refused, and of a row that was to be updated and is not there. */
const LOST = ['P2002', 'P2025'];

/**
 * Chain provisioning's tables. Every write is one array transaction that begins with a write; the unique indexes decide
 * between two at once, and triggers leave the `change` row in the same transaction.
 */
export class ChainRepository implements ChainProvisioning {
  readonly #client: DatabaseClient;

  constructor(client: DatabaseClient) {
    this.#client = client;
  }

  async findProfiles(provisionDeviceKeys: readonly string[]): Promise<ReadonlyMap<string, ChainProfile>> {
    return findChainProfiles(await this.#client.open(), provisionDeviceKeys);
  }

  async findDevice(profile: ChainProfile, name: string): Promise<ChainDevice | undefined> {
    const prisma = await this.#client.open();
    const row = await prisma.device.findUnique({
      where: { tenantId_name: { tenantId: profile.tenantId, name } },
      select: { id: true, deviceProfileId: true, additionalInfo: true },
    });
    if (row === null || row.deviceProfileId !== profile.id) return undefined;
    const device = toChainDevice(row.id, name, row.additionalInfo, profile);
    return { device, credentials: await newestCredentials(prisma, row.id) };
  }

  create({ id, name, profile, credentials }: NewChainDevice): Promise<boolean> {
    const createdTime = BigInt(Date.now());
    const row = { id: randomUUID(), createdTime, deviceId: id, ...asX509(credentials) };
    return this.#write((prisma) => [
      prisma.device.create({
        data: {
          id,
          createdTime,
          name,
          type: profile.name,
          tenantId: profile.tenantId,
          deviceProfileId: profile.id,
        },
      }),
      ...createCredentials(prisma, row),
      prisma.serverAttribute.create({ data: { deviceId: id, key: PROVISION_STATE, value: PROVISIONED } }),
      auditWrite(prisma, SERVER_ACTOR, {
        action: 'device.created',
        subjectType: 'device',
        subjectId: id,
        detail: { name, profile: profile.name, provisioned: 'certificate chain' },
      }),
    ]);
  }

  renew({ rowId, credentialsId }: ChainCredentials, by: LeafCredentials): Promise<boolean> {
    // The row is another by now: somebody else was first, and nothing of this is written.
    const replaced = { id: rowId, credentialsId };
    return this.#write((prisma) => [
      ...overwriteCredentials(prisma, replaced, asX509(by)),
      auditWrite(prisma, SERVER_ACTOR, {
        action: 'credentials.renewed',
        subjectType: 'credentials',
        subjectId: rowId,
        detail: { credentialsType: 'X509_CERTIFICATE', provisioned: 'certificate chain' },
      }),
    ]);
  }

  async #write(writes: (prisma: PrismaClient) => Prisma.PrismaPromise<unknown>[]): Promise<boolean> {
    const prisma = await this.#client.open();
    try {
      await retryWhileBusy(() => prisma.$transaction(writes(prisma)));
      return true;
    } catch (error) {
      if (LOST.includes((error as { code?: string }).code ?? '')) return false;
      throw error;
    }
  }
}

/** The certificate that a renewal replaces, else all credentials of the device. */
async function newestCredentials(
  prisma: PrismaClient,
  deviceId: string,
): Promise<ChainCredentials | undefined> {
  const rows = await prisma.deviceCredentials.findMany({
    where: { deviceId },
    orderBy: { createdTime: 'desc' },
    include: { window: true },
  });
  const row = rows.find(({ credentialsType }) => credentialsType === 'X509_CERTIFICATE') ?? rows[0];
  if (row === undefined) return undefined;
  return {
    rowId: row.id,
    credentialsId: row.credentialsId ?? '',
    credentialsType: row.credentialsType as CredentialsType,
    notBefore: toTime(row.window?.notBefore),
    notAfter: toTime(row.window?.notAfter),
  };
}

function toTime(value: bigint | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

function asX509(credentials: LeafCredentials) {
  return { credentialsType: 'X509_CERTIFICATE', ...credentials } as const;
}
