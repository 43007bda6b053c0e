import { isGateway } from '../../../engine/credentials/stored/stored-json.ts';
import type {
  CredentialsEntry,
  CredentialsType,
  DeviceEntry,
  SecretEntry,
  TransportType,
  Window,
} from '../../../model/device.ts';
import { isStorable } from '../../../util/storable-text.ts';
import { isUuid } from '../../../util/uuid.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { OWN_TENANT } from '../tenant.ts';

const WITH_PROFILE = { deviceProfile: { select: { id: true, name: true, transportType: true } } } as const;

/** What is stored in addition to credentials, except the hashes of secrets, which no caller needs. */
const WITH_PARTS = {
  window: true,
  validity: { select: { notAfter: true } },
  secrets: {
    select: { id: true, createdTime: true, notBefore: true, notAfter: true, endsOnFirstUseOf: true },
    orderBy: [{ createdTime: 'asc' }, { id: 'asc' }],
  },
} as const satisfies Prisma.DeviceCredentialsInclude;

type DeviceRow = Prisma.DeviceGetPayload<{ include: typeof WITH_PROFILE }>;
type CredentialsRow = Prisma.DeviceCredentialsGetPayload<{ include: typeof WITH_PARTS }>;

/** The device with this id or, failing that, this name. */
export async function findDevice(prisma: PrismaClient, idOrName: string): Promise<DeviceEntry | undefined> {
  if (!isStorable(idOrName)) return undefined;
  const id = isUuid(idOrName) ? idOrName.toLowerCase() : undefined;
  const devices = await prisma.device.findMany({
    where: { OR: [...(id === undefined ? [] : [{ id }]), { name: idOrName, tenantId: OWN_TENANT }] },
    include: WITH_PROFILE,
  });
  const device = devices.find((one) => one.id === id) ?? devices[0];
  return device === undefined ? undefined : (await withCredentials(prisma, [device]))[0];
}

async function withCredentials(prisma: PrismaClient, devices: readonly DeviceRow[]): Promise<DeviceEntry[]> {
  const rows = await prisma.deviceCredentials.findMany({
    where: { deviceId: { in: devices.map(({ id }) => id) } },
    orderBy: [{ createdTime: 'asc' }, { id: 'asc' }],
    include: WITH_PARTS,
  });
  return devices.map((device) => ({
    id: device.id,
    name: device.name ?? '',
    tenantId: device.tenantId ?? '',
    createdTime: Number(device.createdTime),
    label: device.label ?? undefined,
    gateway: isGateway(device.additionalInfo),
    version: Number(device.version),
    profile: {
      id: device.deviceProfile.id,
      name: device.deviceProfile.name ?? '',
      transportType: (device.deviceProfile.transportType ?? 'DEFAULT') as TransportType,
    },
    credentials: rows.filter(({ deviceId }) => deviceId === device.id).map(toCredentials),
  }));
}

function toCredentials(row: CredentialsRow): CredentialsEntry {
  return {
    id: row.id,
    createdTime: Number(row.createdTime),
    credentialsId: row.credentialsId ?? '',
    credentialsType: row.credentialsType as CredentialsType,
    credentialsValue: row.credentialsValue,
    version: Number(row.version),
    ...(row.window === null ? {} : toWindow(row.window)),
    secrets: row.secrets.map(toSecret),
    certificateNotAfter: toTime(row.validity?.notAfter),
  };
}

function toSecret(row: CredentialsRow['secrets'][number]): SecretEntry {
  return { id: row.id, createdTime: Number(row.createdTime), ...toWindow(row) };
}

function toWindow(row: {
  readonly notBefore: bigint | null;
  readonly notAfter: bigint | null;
  readonly endsOnFirstUseOf: string | null;
}): Window {
  return {
    notBefore: toTime(row.notBefore),
    notAfter: toTime(row.notAfter),
    endsOnFirstUseOf: row.endsOnFirstUseOf ?? undefined,
  };
}

function toTime(value: bigint | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
