import { randomUUID } from 'node:crypto';
import type { PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { OWN_TENANT } from '../tenant.ts';

/** The id of the profile of this name; it is created like ThingsBoard's default if it does not exist. */
export async function ensureProfile(prisma: PrismaClient, name: string): Promise<string> {
  const where = { tenantId_name: { tenantId: OWN_TENANT, name } };
  const known = await prisma.deviceProfile.findUnique({ where, select: { id: true } });
  if (known !== null) return known.id;
  const { id } = await retryWhileBusy(() =>
    prisma.deviceProfile.upsert({
      where,
      update: {},
      create: {
        id: randomUUID(),
        createdTime: BigInt(Date.now()),
        name,
        tenantId: OWN_TENANT,
        type: 'DEFAULT',
        transportType: 'DEFAULT',
        provisionType: 'DISABLED',
        isDefault: name === 'default',
      },
      select: { id: true },
    }),
  );
  return id;
}
