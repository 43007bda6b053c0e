import { randomUUID } from 'node:crypto';
import type { CredentialsStep } from '../../../fleet/devices/device-store.ts';
import type { DeviceEntry } from '../../../model/device.ts';
import { ThingPassError } from '../../../model/errors.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import {
  createCredentials,
  createSecrets,
  overwriteCredentials,
  setWindow,
  windowColumns,
} from './credentials-writes.ts';

/**
 * The writes of a change. The first one fails, and with it all of them, where the device is not what it was when the change
 * was thought of; it holds others back until all are done.
 */
export function changeWrites(
  prisma: PrismaClient,
  device: DeviceEntry,
  steps: readonly CredentialsStep[],
): Prisma.PrismaPromise<unknown>[] {
  const createdTime = BigInt(Date.now());
  return [
    lockDevice(prisma, device),
    ...steps.flatMap((step) => stepWrites(prisma, device.id, createdTime, step)),
    ...touchedRows(steps).map((id) =>
      prisma.deviceCredentials.updateMany({ where: { id }, data: { version: { increment: 1 } } }),
    ),
  ];
}

/** Fails with P2025 where the device's version is another by now. */
export function lockDevice(
  prisma: PrismaClient,
  { id, version }: Pick<DeviceEntry, 'id' | 'version'>,
): Prisma.PrismaPromise<unknown> {
  return prisma.device.update({
    where: { id, version: BigInt(version) },
    data: { version: { increment: 1 } },
    select: { id: true },
  });
}

function stepWrites(
  prisma: PrismaClient,
  deviceId: string,
  createdTime: bigint,
  step: CredentialsStep,
): Prisma.PrismaPromise<unknown>[] {
  switch (step.do) {
    case 'create':
      return createCredentials(prisma, { ...step.credentials, id: step.rowId, createdTime, deviceId });
    case 'overwrite':
      return [
        prisma.credentialsWindow.deleteMany({ where: { deviceCredentialsId: step.rowId } }),
        ...overwriteCredentials(prisma, { id: step.rowId }, step.credentials),
      ];
    case 'end':
      return [setWindow(prisma, step.rowId, step.window)];
    case 'remove':
      return [prisma.deviceCredentials.deleteMany({ where: { id: step.rowId } })];
    case 'create_secret':
      return createSecrets(prisma, step.rowId, [{ ...step.secret, id: step.secretId }]);
    case 'end_secret':
      return [
        prisma.credentialsSecret.updateMany({
          where: { id: step.secretId },
          data: windowColumns(step.window),
        }),
      ];
    case 'remove_secret':
      return [prisma.credentialsSecret.deleteMany({ where: { id: step.secretId } })];
    case 'set_value':
      return [
        prisma.deviceCredentials.updateMany({
          where: { id: step.rowId },
          data: { credentialsValue: step.value },
        }),
      ];
    case 'deny_certificate':
      return [
        prisma.denyEntry.upsert({
          where: { kind_value: { kind: 'certificate_sha256', value: step.sha256 } },
          update: {},
          create: {
            id: randomUUID(),
            createdTime,
            kind: 'certificate_sha256',
            value: step.sha256,
            note: 'revoked with the credentials of a device',
          },
        }),
      ];
  }
}

/** Rows that stay, and are not what they were. */
function touchedRows(steps: readonly CredentialsStep[]): string[] {
  const rows = steps.flatMap((step) =>
    ['end', 'create_secret', 'end_secret', 'remove_secret', 'set_value'].includes(step.do) && 'rowId' in step
      ? [step.rowId]
      : [],
  );
  const made = new Set(steps.flatMap((step) => (step.do === 'create' ? [step.rowId] : [])));
  return [...new Set(rows)].filter((id) => !made.has(id));
}

/**
 * Refuses what would leave a device with more than one credential, or a credential with more than one secret, where one per
 * device is all there may be.
 * @throws {ThingPassError} `one_credential_per_device`.
 */
export function refuseSeveral(device: DeviceEntry, steps: readonly CredentialsStep[]): void {
  const rows = new Set(device.credentials.map(({ id }) => id));
  const secrets = new Set(device.credentials.flatMap((one) => one.secrets.map(({ id }) => id)));
  for (const step of steps) {
    if (step.do === 'create') rows.add(step.rowId);
    if (step.do === 'remove') rows.delete(step.rowId);
    if (step.do === 'create_secret') secrets.add(step.secretId);
    if (step.do === 'remove_secret') secrets.delete(step.secretId);
    if (step.do === 'remove' || step.do === 'overwrite') {
      const gone = device.credentials.find(({ id }) => id === step.rowId);
      for (const { id } of gone?.secrets ?? []) secrets.delete(id);
    }
  }
  const added = steps.some((step) => step.do === 'create' || step.do === 'create_secret');
  if (added && (rows.size > 1 || secrets.size > 1)) {
    throw new ThingPassError(
      'one_credential_per_device',
      'a device has one credential here (THINGPASS_ONE_CREDENTIAL_PER_DEVICE), and this would be another',
    );
  }
}
