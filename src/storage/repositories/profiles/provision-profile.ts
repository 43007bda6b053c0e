import { readPemText } from '../../../engine/certificates/examine/pem-text.ts';
import type { InspectedCertificate } from '../../../engine/certificates/x509/inspect.ts';
import type { ProvisionProfile } from '../../../fleet/devices/provision/provision-store.ts';
import { isThingPassError } from '../../../model/errors.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { readCertificate } from '../credentials/certificate-name-rows.ts';

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

/**
 * The certificates that an X509_CERTIFICATE_CHAIN profile admits devices by, as they are stored: the Base64 of one, or several in
 * PEM. Other text, which ThingsBoard saves too, gives no certificate.
 */
export function profileCertificates(profileData: Prisma.JsonValue): InspectedCertificate[] {
  const secret = secretIn(profileData);
  if (secret === undefined) return [];
  const one = readCertificate(secret);
  if (one !== undefined) return [one];
  try {
    return readPemText(secret).certificates.flatMap((der) => readCertificate(der.toString('base64')) ?? []);
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return [];
    throw error;
  }
}

/** `profile_data.provisionConfiguration.provisionDeviceSecret` (`engine/credentials/thingsboard.md` section 6). */
function secretIn(profileData: Prisma.JsonValue): string | undefined {
  const configuration = member(profileData, 'provisionConfiguration');
  const secret = member(configuration, 'provisionDeviceSecret');
  return typeof secret === 'string' && secret !== '' ? secret : undefined;
}

function member(value: Prisma.JsonValue | undefined, name: string): Prisma.JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value[name];
}
