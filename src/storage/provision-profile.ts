import type { ProvisionProfile } from '../devices/provision-store.ts';
import type { Prisma, PrismaClient } from './prisma.ts';

/** The profile with this provision key, from our tables or ThingsBoard's, which are alike. */
export async function findProvisionProfile(
  prisma: PrismaClient,
  provisionDeviceKey: string,
): Promise<ProvisionProfile | undefined> {
  const row = await prisma.deviceProfile.findUnique({
    where: { provisionDeviceKey },
    select: { id: true, name: true, tenantId: true, provisionType: true, profileData: true },
  });
  if (row === null) return undefined;
  return {
    id: row.id,
    name: row.name ?? '',
    tenantId: row.tenantId ?? '',
    provisionType: row.provisionType ?? 'DISABLED',
    provisionDeviceSecret: secretIn(row.profileData),
  };
}

/** `profile_data.provisionConfiguration.provisionDeviceSecret` (`credentials/thingsboard.md` section 6). */
function secretIn(profileData: Prisma.JsonValue): string | undefined {
  const configuration = member(profileData, 'provisionConfiguration');
  const secret = member(configuration, 'provisionDeviceSecret');
  return typeof secret === 'string' && secret !== '' ? secret : undefined;
}

function member(value: Prisma.JsonValue | undefined, name: string): Prisma.JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value[name];
}
