import { randomUUID } from 'node:crypto';
import type { NewCredentials, NewSecret, Window } from '../../../model/device.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { nameRows, readCertificate } from './certificate-name-rows.ts';

type Write = Prisma.PrismaPromise<unknown>;

/** A credentials row to be. */
export type NewCredentialsRow = NewCredentials & {
  readonly id: string;
  readonly createdTime: bigint;
  readonly deviceId: string;
};

/** The writes that save new credentials, with their secrets, their window and what is known of their certificate. */
export function createCredentials(prisma: PrismaClient, row: NewCredentialsRow): Write[] {
  const { id, createdTime, deviceId, credentialsType, credentialsId, credentialsValue, window } = row;
  return [
    prisma.deviceCredentials.create({
      data: { id, createdTime, deviceId, credentialsType, credentialsId, credentialsValue },
    }),
    ...recordCertificate(prisma, id, row),
    ...createSecrets(prisma, id, row.secrets),
    ...(window === undefined ? [] : [setWindow(prisma, id, window)]),
  ];
}

/**
 * The writes that put other credentials into a row, whose window stays unless there is another. They begin with a write.
 * @param where also says what the row must be; where it is another, the transaction fails.
 */
export function overwriteCredentials(
  prisma: PrismaClient,
  where: { readonly id: string; readonly credentialsId?: string },
  credentials: NewCredentials,
): Write[] {
  const { credentialsType, credentialsId, credentialsValue, window } = credentials;
  const { id } = where;
  const ofRow = { where: { deviceCredentialsId: id } };
  return [
    prisma.certificateName.deleteMany(ofRow),
    prisma.certificateValidity.deleteMany(ofRow),
    prisma.credentialsSecret.deleteMany(ofRow),
    prisma.deviceCredentials.update({
      where,
      data: { credentialsType, credentialsId, credentialsValue, version: { increment: 1 } },
    }),
    ...recordCertificate(prisma, id, credentials),
    ...createSecrets(prisma, id, credentials.secrets),
    ...(window === undefined ? [] : [setWindow(prisma, id, window)]),
  ];
}

/** @param ids for secrets that others refer to; made where there are none. */
export function createSecrets(
  prisma: PrismaClient,
  deviceCredentialsId: string,
  secrets: readonly (NewSecret & { readonly id?: string })[] = [],
): Write[] {
  if (secrets.length === 0) return [];
  return [prisma.credentialsSecret.createMany({ data: secretRows(deviceCredentialsId, secrets) })];
}

export function secretRows(
  deviceCredentialsId: string,
  secrets: readonly (NewSecret & { readonly id?: string })[],
) {
  const createdTime = BigInt(Date.now());
  return secrets.map(({ id = randomUUID(), hash, scramKeys, importedAs, ...window }) => ({
    id,
    deviceCredentialsId,
    createdTime,
    hash,
    ...windowColumns(window),
    importedAs: importedAs ?? null,
    ...(scramKeys === undefined ? {} : { scramKeys: scramKeys as unknown as Prisma.InputJsonValue }),
  }));
}

/** The write that says between which times a credential holds, whatever was said before. */
export function setWindow(prisma: PrismaClient, deviceCredentialsId: string, window: Window): Write {
  const columns = windowColumns(window);
  return prisma.credentialsWindow.upsert({
    where: { deviceCredentialsId },
    update: columns,
    create: { deviceCredentialsId, ...columns },
  });
}

export function windowColumns({ notBefore, notAfter, endsOnFirstUseOf }: Window) {
  return {
    notBefore: notBefore === undefined ? null : BigInt(notBefore),
    notAfter: notAfter === undefined ? null : BigInt(notAfter),
    endsOnFirstUseOf: endsOnFirstUseOf ?? null,
  };
}

/** What is kept of an X.509 credential's certificate: what it is called and when it holds; nothing for other types. */
export function certificateRows(
  deviceCredentialsId: string,
  { credentialsType, credentialsValue }: Pick<NewCredentials, 'credentialsType' | 'credentialsValue'>,
) {
  if (credentialsType !== 'X509_CERTIFICATE' || credentialsValue === null)
    return { names: [], validities: [] };
  const certificate = readCertificate(credentialsValue);
  const validity = {
    notBefore: certificate === undefined ? null : BigInt(certificate.notBefore),
    notAfter: certificate === undefined ? null : BigInt(certificate.notAfter),
  };
  return {
    names: certificate === undefined ? [] : nameRows(deviceCredentialsId, certificate),
    validities: [{ deviceCredentialsId, ...validity }],
  };
}

function recordCertificate(
  prisma: PrismaClient,
  deviceCredentialsId: string,
  credentials: NewCredentials,
): Write[] {
  const { names, validities } = certificateRows(deviceCredentialsId, credentials);
  return [
    ...(names.length === 0 ? [] : [prisma.certificateName.createMany({ data: names })]),
    ...validities.map((data) => prisma.certificateValidity.create({ data })),
  ];
}
