import { readStoredBasic } from '../../../engine/credentials/stored/stored-basic.ts';
import { isGateway } from '../../../engine/credentials/stored/stored-json.ts';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../engine/credentials/verify-secret.ts';
import type { ExportedDevice } from '../../../fleet/devices/import/write-devices.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { OWN_TENANT } from '../tenant.ts';

const PAGE = 500;

const INCLUDED = {
  // The newest is the one that stays when a rotation is over.
  secrets: { orderBy: { createdTime: 'desc' }, take: 1, select: { hash: true } },
  window: true,
} as const;

type CredentialsRow = Prisma.DeviceCredentialsGetPayload<{ include: typeof INCLUDED }>;

/**
 * All devices by name, as an import reads them: one record for each credential of a device, one for a device without any.
 * @param secrets with tokens, password hashes and LwM2M's keys; without, credentials are not told at all.
 */
export async function* exportDevices(
  prisma: PrismaClient,
  { secrets }: { readonly secrets: boolean },
): AsyncGenerator<ExportedDevice> {
  let after: string | undefined;
  for (;;) {
    const devices = await prisma.device.findMany({
      where: { tenantId: OWN_TENANT, ...(after === undefined ? {} : { name: { gt: after } }) },
      orderBy: { name: 'asc' },
      take: PAGE,
      include: { deviceProfile: { select: { name: true } } },
    });
    const credentials = secrets
      ? await prisma.deviceCredentials.findMany({
          where: { deviceId: { in: devices.map(({ id }) => id) } },
          orderBy: [{ createdTime: 'asc' }, { id: 'asc' }],
          include: INCLUDED,
        })
      : [];
    const byDevice = new Map<string | null, CredentialsRow[]>();
    for (const row of credentials) byDevice.set(row.deviceId, [...(byDevice.get(row.deviceId) ?? []), row]);
    for (const { id, name, label, additionalInfo, deviceProfile } of devices) {
      const device = {
        name: name ?? '',
        profile: deviceProfile.name ?? undefined,
        label: label ?? undefined,
        gateway: isGateway(additionalInfo),
      };
      const rows = byDevice.get(id) ?? [];
      if (rows.length === 0) yield device;
      for (const row of rows) yield { ...device, ...credentialsOf(row) };
    }
    const last = devices.at(-1);
    if (last === undefined || devices.length < PAGE) return;
    after = last.name ?? '';
  }
}

function credentialsOf(row: CredentialsRow): Partial<ExportedDevice> {
  const { credentialsType, credentialsId, credentialsValue, window } = row;
  const period = {
    notBefore: window?.notBefore == null ? undefined : new Date(Number(window.notBefore)).toISOString(),
    notAfter: window?.notAfter == null ? undefined : new Date(Number(window.notAfter)).toISOString(),
  };
  switch (credentialsType) {
    case 'ACCESS_TOKEN':
      return { ...period, accessToken: credentialsId ?? undefined };
    case 'X509_CERTIFICATE':
      return { ...period, certificate: credentialsValue ?? undefined };
    case 'LWM2M_CREDENTIALS':
      return { ...period, lwm2m: credentialsValue ?? undefined };
    default: {
      const basic = readStoredBasic(credentialsValue);
      const plain = basic?.password === PASSWORD_KEPT_ELSEWHERE ? undefined : basic?.password;
      return {
        ...period,
        clientId: basic?.clientId || undefined,
        userName: basic?.userName || undefined,
        ...(row.secrets[0] === undefined
          ? { password: plain || undefined }
          : { passwordHash: row.secrets[0].hash }),
      };
    }
  }
}
