import { setTimeout as wait } from 'node:timers/promises';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { nameRows, readCertificate } from './certificate-name-rows.ts';

/** Rows that are looked at in one query. */
const PAGE = 1_000;
/** Credentials whose names go into one transaction: SQLite has one writer, who must not be kept waiting. */
const BATCH = 50;
/** Between batches, for those who have work to do. */
const PAUSE_MS = 5;

/**
 * Records what the certificates of X.509 credentials are called where nothing is recorded: they were saved by an older
 * version, or written by other means than ours. Goes through all credentials once, a page at a time; those changed
 * meanwhile are left alone: the change recorded their names.
 * @param signal ends it between two pages.
 * @returns of how many credentials names were recorded.
 */
export async function recordMissingNames(prisma: PrismaClient, signal?: AbortSignal): Promise<number> {
  let recorded = 0;
  let last: string | undefined;
  while (signal?.aborted !== true) {
    const page = await prisma.deviceCredentials.findMany({
      where: last === undefined ? {} : { id: { gt: last } },
      orderBy: { id: 'asc' },
      take: PAGE,
      select: { id: true, credentialsType: true },
    });
    last = page.at(-1)?.id;
    if (last === undefined) break;
    const ids = page
      .filter(({ credentialsType }) => credentialsType === 'X509_CERTIFICATE')
      .map(({ id }) => id);
    recorded += await recordPage(prisma, ids);
  }
  return recorded;
}

interface Unnamed {
  readonly id: string;
  readonly credentialsId: string;
  readonly names: ReturnType<typeof nameRows>;
}

async function recordPage(prisma: PrismaClient, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const rows = await prisma.deviceCredentials.findMany({
    where: { id: { in: [...ids] }, names: { none: {} } },
    select: { id: true, credentialsId: true, credentialsValue: true },
  });
  const unnamed: Unnamed[] = rows.flatMap(({ id, credentialsId, credentialsValue }) => {
    if (credentialsId === null) return [];
    const certificate = readCertificate(credentialsValue ?? '');
    const names = certificate === undefined ? [] : nameRows(id, certificate);
    // A text that is no certificate has none.
    return names.length === 0 ? [] : [{ id, credentialsId, names }];
  });
  let recorded = 0;
  for (let at = 0; at < unnamed.length; at += BATCH) {
    const batch = unnamed.slice(at, at + BATCH);
    recorded += (await recordBatch(prisma, batch)) ? batch.length : await recordEach(prisma, batch);
    await wait(PAUSE_MS);
  }
  return recorded;
}

async function recordEach(prisma: PrismaClient, batch: readonly Unnamed[]): Promise<number> {
  let recorded = 0;
  for (const one of batch) if (await recordBatch(prisma, [one])) recorded++;
  return recorded;
}

/** What Prisma says of a row that is another by now, and of names that somebody else has recorded meanwhile. */
const OVERTAKEN = ['P2025', 'P2002'];

/** @returns false, and nothing is written, where one of them is another by now. */
async function recordBatch(prisma: PrismaClient, batch: readonly Unnamed[]): Promise<boolean> {
  // The update changes nothing, but fails for credentials that were replaced, and holds the others until the end.
  const writes: Prisma.PrismaPromise<unknown>[] = batch.map(({ id, credentialsId }) =>
    prisma.deviceCredentials.update({
      where: { id, credentialsId },
      data: { version: { increment: 0 } },
      select: { id: true },
    }),
  );
  writes.push(prisma.certificateName.createMany({ data: batch.flatMap(({ names }) => [...names]) }));
  try {
    await retryWhileBusy(() => prisma.$transaction(writes));
    return true;
  } catch (error) {
    if (OVERTAKEN.includes((error as { code?: string }).code ?? '')) return false;
    throw error;
  }
}
