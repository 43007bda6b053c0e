import { randomUUID } from 'node:crypto';
import type { DeviceChange, DeviceToUpdate, Period } from '../../../fleet/devices/import/import-store.ts';
import type { DatabaseLocation } from '../../connections/database-url.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { certificateRows, secretRows } from '../credentials/credentials-writes.ts';
import { OWN_TENANT } from '../tenant.ts';

type Write = Prisma.PrismaPromise<unknown>;

/** What an import stores of each table, by Prisma's names; the rest has the defaults of the columns. */
const STORED = {
  device: [
    ...['id', 'createdTime', 'name', 'label', 'additionalInfo'],
    ...['type', 'tenantId', 'deviceProfileId'],
  ],
  device_credentials: [
    ...['id', 'createdTime', 'deviceId'],
    ...['credentialsType', 'credentialsId', 'credentialsValue'],
  ],
  credentials_secret: [
    ...['id', 'deviceCredentialsId', 'createdTime', 'hash', 'scramKeys'],
    ...['notBefore', 'notAfter', 'endsOnFirstUseOf', 'importedAs'],
  ],
  certificate_name: ['deviceCredentialsId', 'kind', 'value'],
  certificate_validity: ['deviceCredentialsId', 'notBefore', 'notAfter'],
  credentials_window: ['deviceCredentialsId', 'notBefore', 'notAfter'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The writes of a batch of changes, to be one transaction. It fails where what they rest on is gone, or a name is taken. */
export function importWrites(
  prisma: PrismaClient,
  kind: DatabaseLocation['kind'],
  changes: readonly DeviceChange[],
): Write[] {
  const created = changes.flatMap(({ create }) => create ?? []);
  const updated = changes.flatMap(({ update }) => update ?? []);
  const added = changes.flatMap(({ add }) => (add === undefined ? [] : [{ ...add, id: randomUUID() }]));
  const overwritten = changes.flatMap(({ overwrite }) => overwrite ?? []);
  const periods = changes.flatMap(({ period }) => period ?? []);
  const credentials = [...added, ...overwritten.map((row) => ({ ...row, id: row.rowId }))];
  const certificates = credentials.map(({ id, ...row }) => certificateRows(id, row));
  const alone = added.flatMap((row) => (row.replaceOthers ? [row.deviceId] : []));
  const ofRows = { where: { deviceCredentialsId: { in: overwritten.map(({ rowId }) => rowId) } } };
  const createdTime = Date.now();
  const insert = (table: keyof typeof STORED, rows: readonly object[]): Write[] =>
    rows.length === 0 ? [] : [insertRows(prisma, kind, table, STORED[table], rows)];
  return [
    ...insert(
      'device',
      created.map(({ profileName, profileId, ...row }) => ({
        ...row,
        type: profileName,
        tenantId: OWN_TENANT,
        deviceProfileId: profileId,
      })),
    ),
    ...updated.map((update) => updateDevice(prisma, update)),
    ...(alone.length === 0
      ? []
      : [prisma.deviceCredentials.deleteMany({ where: { deviceId: { in: alone } } })]),
    ...insert(
      'device_credentials',
      added.map((row) => ({ ...row, createdTime })),
    ),
    ...overwritten.map((row) => overwriteCredentials(prisma, row)),
    ...(overwritten.length === 0
      ? []
      : [
          prisma.credentialsSecret.deleteMany(ofRows),
          prisma.certificateName.deleteMany(ofRows),
          prisma.certificateValidity.deleteMany(ofRows),
        ]),
    ...insert(
      'credentials_secret',
      credentials.flatMap(({ id, secret }) => (secret === undefined ? [] : secretRows(id, [secret]))),
    ),
    ...insert(
      'certificate_name',
      certificates.flatMap(({ names }) => names),
    ),
    ...insert(
      'certificate_validity',
      certificates.flatMap(({ validities }) => validities),
    ),
    ...insert(
      'credentials_window',
      added.flatMap(({ id, period }) =>
        period === undefined ? [] : [{ deviceCredentialsId: id, ...period }],
      ),
    ),
    ...periods.flatMap(({ rowId, period }) => setPeriod(prisma, rowId, period)),
  ];
}

function updateDevice(prisma: PrismaClient, { id, label, additionalInfo, profile }: DeviceToUpdate): Write {
  return prisma.device.update({
    where: { id },
    data: {
      ...(label === undefined ? {} : { label }),
      ...(additionalInfo === undefined ? {} : { additionalInfo }),
      ...(profile === undefined ? {} : { deviceProfileId: profile.id, type: profile.name }),
      version: { increment: 1 },
    },
    select: { id: true },
  });
}

function overwriteCredentials(
  prisma: PrismaClient,
  { rowId, credentialsType, credentialsId, credentialsValue }: NonNullable<DeviceChange['overwrite']>,
): Write {
  return prisma.deviceCredentials.update({
    where: { id: rowId, credentialsId },
    data: { credentialsType, credentialsId, credentialsValue, version: { increment: 1 } },
    select: { id: true },
  });
}

/** Whose first use ends the credentials stays as it is. */
function setPeriod(prisma: PrismaClient, deviceCredentialsId: string, period: Period): Write[] {
  const times = {
    notBefore: period.notBefore === undefined ? null : BigInt(period.notBefore),
    notAfter: period.notAfter === undefined ? null : BigInt(period.notAfter),
  };
  return [
    prisma.deviceCredentials.update({
      where: { id: deviceCredentialsId },
      data: { version: { increment: 1 } },
      select: { id: true },
    }),
    prisma.credentialsWindow.upsert({
      where: { deviceCredentialsId },
      update: times,
      create: { deviceCredentialsId, ...times },
    }),
  ];
}

/**
 * The write that inserts many rows: one text and one value, whatever their number. Prisma's `createMany` plans another
 * statement for every batch and keeps the plan with all values in it, which costs an import gigabytes.
 * @param members of a row that are stored, each in the column of its name in snake case; absent ones become null.
 * @param rows hold JSON values, and `bigint` within the safe integers.
 */
function insertRows(
  prisma: PrismaClient,
  kind: DatabaseLocation['kind'],
  table: string,
  members: readonly string[],
  rows: readonly object[],
): Prisma.PrismaPromise<unknown> {
  const columns = members.map((member) =>
    member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  const names = columns.map((column) => `"${column}"`).join(', ');
  const values = rows.map((row) =>
    members.map((member) => (row as Readonly<Record<string, unknown>>)[member] ?? null),
  );
  if (kind === 'sqlite') {
    const extracted = columns.map((_, index) => `value ->> ${index}`).join(', ');
    const text = `INSERT INTO "${table}" (${names}) SELECT ${extracted} FROM json_each(?)`;
    return prisma.$executeRawUnsafe(text, toJson(values));
  }
  // The type of the table's own rows says what each value becomes.
  const text = `INSERT INTO "${table}" (${names}) SELECT ${names} FROM json_populate_recordset(NULL::"${table}", $1::json)`;
  const named = values.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
  return prisma.$executeRawUnsafe(text, toJson(named));
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one));
}
