import { nameRows } from './certificate-names.ts';
import type { NewCredentials } from './device-entry.ts';
import type { Prisma, PrismaClient } from './prisma.ts';

/** A credentials row to be. */
export type NewCredentialsRow = NewCredentials & {
  readonly id: string;
  readonly createdTime: bigint;
  readonly deviceId: string;
};

/** The writes that save new credentials, with what their certificate is called. */
export function createCredentials(
  prisma: PrismaClient,
  row: NewCredentialsRow,
): Prisma.PrismaPromise<unknown>[] {
  return [prisma.deviceCredentials.create({ data: row }), ...recordNames(prisma, row.id, row)];
}

/**
 * The writes that put other credentials into a row. They begin with a write.
 * @param where also says what the row must be; where it is another, the transaction fails.
 */
export function overwriteCredentials(
  prisma: PrismaClient,
  where: { readonly id: string; readonly credentialsId?: string },
  credentials: NewCredentials,
): Prisma.PrismaPromise<unknown>[] {
  const { credentialsType, credentialsId, credentialsValue } = credentials;
  return [
    prisma.certificateName.deleteMany({ where: { deviceCredentialsId: where.id } }),
    prisma.deviceCredentials.update({
      where,
      data: { credentialsType, credentialsId, credentialsValue, version: { increment: 1 } },
    }),
    ...recordNames(prisma, where.id, credentials),
  ];
}

function recordNames(
  prisma: PrismaClient,
  rowId: string,
  credentials: NewCredentials,
): Prisma.PrismaPromise<unknown>[] {
  const rows = nameRows(rowId, credentials);
  return rows.length === 0 ? [] : [prisma.certificateName.createMany({ data: rows })];
}
