import type { ChainProfile } from '../../../engine/credentials/certificate/certificate-chain.ts';
import { problemOfPattern } from '../../../engine/credentials/certificate/java-regex.ts';
import type { StoredDevice } from '../../../engine/credentials/credentials-record.ts';
import { isGateway, readProfileTransport } from '../../../engine/credentials/stored/stored-json.ts';
import type { TransportType } from '../../../model/device.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';

type ProfileRow = Prisma.DeviceProfileGetPayload<{ select: typeof PROFILE }>;

const PROFILE = {
  id: true,
  name: true,
  tenantId: true,
  provisionType: true,
  provisionDeviceKey: true,
  transportType: true,
  profileData: true,
} as const;

/** The profiles with these provision keys, by key, of whatever type; from our tables or ThingsBoard's, which are alike. */
export async function findChainProfiles(
  prisma: PrismaClient,
  provisionDeviceKeys: readonly string[],
): Promise<ReadonlyMap<string, ChainProfile>> {
  const rows = await prisma.deviceProfile.findMany({
    where: { provisionDeviceKey: { in: [...provisionDeviceKeys] } },
    select: PROFILE,
  });
  return new Map(rows.map((row) => [row.provisionDeviceKey as string, toProfile(row)]));
}

/** A profile that devices with certificates lead to, and that lets none of them in. */
export interface UnusablePattern {
  readonly profile: string;
  /** Why its pattern cannot be used, as a sentence. */
  readonly problem: string;
}

/** The profiles whose stored pattern cannot be used: an older version could, ThingsBoard can, or nobody ever could. */
export async function findUnusablePatterns(prisma: PrismaClient): Promise<UnusablePattern[]> {
  const rows = await prisma.deviceProfile.findMany({
    where: { provisionType: 'X509_CERTIFICATE_CHAIN' },
    orderBy: { name: 'asc' },
    select: { name: true, profileData: true },
  });
  return rows.flatMap(({ name, profileData }) => {
    const pattern = patternIn(profileData);
    const problem = pattern === undefined ? 'it has no pattern' : problemOfPattern(pattern);
    return problem === undefined ? [] : [{ profile: name ?? '', problem }];
  });
}

/** `certificateRegExPattern` of a profile's data; `undefined` without one. */
export function patternIn(profileData: Prisma.JsonValue): string | undefined {
  const { certificateRegExPattern: pattern } = members(members(profileData).provisionConfiguration);
  return typeof pattern === 'string' ? pattern : undefined;
}

/** A device as deciding needs it, with its profile's part. */
export function toChainDevice(
  id: string,
  name: string,
  additionalInfo: string | null,
  { id: profileId, name: profileName, transportType, sparkplug, topics, tenantId }: ChainProfile,
): StoredDevice {
  const gateway = isGateway(additionalInfo);
  return { id, name, tenantId, transportType, sparkplug, topics, profileId, profileName, gateway };
}

/** The switch is the column, the chain's settings are in the JSON (`engine/credentials/thingsboard.md` section 11). */
function toProfile(row: ProfileRow): ChainProfile {
  const { provisionConfiguration: configuration, transportConfiguration = null } = members(row.profileData);
  const { allowCreateNewDevicesByX509Certificate: allow } = members(configuration);
  return {
    id: row.id,
    name: row.name ?? '',
    tenantId: row.tenantId ?? '',
    provisionType: row.provisionType ?? 'DISABLED',
    pattern: patternIn(row.profileData),
    allowCreate: allow === true,
    transportType: (row.transportType ?? 'DEFAULT') as TransportType,
    ...readProfileTransport(JSON.stringify(transportConfiguration)),
  };
}

function members(
  value: Prisma.JsonValue | undefined,
): Readonly<Record<string, Prisma.JsonValue | undefined>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
