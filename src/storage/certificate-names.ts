import { createHash } from 'node:crypto';
import { CertificateUnreadable } from '../certificates/fault.ts';
import { type InspectedCertificate, inspectCertificate } from '../certificates/inspect.ts';
import { isStorable } from './credentials-reader.ts';
import type { NewCredentials } from './device-repository.ts';
import type { Prisma, PrismaClient } from './prisma.ts';

/** Longer names fill no index, and identify nobody. */
const LONGEST_NAME = 500;

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

interface NameRow {
  readonly deviceCredentialsId: string;
  readonly kind: 'name' | 'sha256' | 'md5';
  readonly value: string;
}

/** Nothing for other types, and for a text that is no certificate: ThingsBoard saves any. */
function nameRows(rowId: string, { credentialsType, credentialsValue }: NewCredentials): NameRow[] {
  if (credentialsType !== 'X509_CERTIFICATE' || credentialsValue === null) return [];
  const certificate = readCertificate(credentialsValue);
  if (certificate === undefined) return [];
  const { der, sha256, commonNames, alternativeNames } = certificate;
  const names = new Set([...commonNames, ...alternativeNames.map(({ value }) => value)]);
  const md5 = createHash('md5').update(der).digest('hex');
  return [
    ...[...names]
      .filter(isName)
      .map((value) => ({ deviceCredentialsId: rowId, kind: 'name', value }) as const),
    { deviceCredentialsId: rowId, kind: 'sha256', value: sha256 },
    { deviceCredentialsId: rowId, kind: 'md5', value: md5 },
  ];
}

function isName(text: string): boolean {
  return text !== '' && text.length <= LONGEST_NAME && isStorable(text);
}

function readCertificate(base64: string): InspectedCertificate | undefined {
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) return undefined;
  try {
    return inspectCertificate(der);
  } catch (error) {
    if (error instanceof CertificateUnreadable) return undefined;
    throw error;
  }
}
