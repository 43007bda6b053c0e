import { randomUUID } from 'node:crypto';
import { equalsInConstantTime } from '../../../engine/credentials/verify-secret.ts';
import type { LoginStore, PasswordUpgrade } from '../../../fleet/devices/after-login.ts';
import { plainPasswordOf, withMarker } from '../../../fleet/devices/stored-password.ts';
import { SERVER_ACTOR } from '../../../model/audit.ts';
import type { DatabaseClient, Prisma } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { auditWrite } from '../audit-repository.ts';
import { lockDevice } from './credentials-change.ts';
import { createSecrets } from './credentials-writes.ts';

/** What follows from logins, in the database. The client opens when first needed: most logins lead to nothing. */
export class LoginRepository implements LoginStore {
  readonly #client: DatabaseClient;

  constructor(client: DatabaseClient) {
    this.#client = client;
  }

  async endOnFirstUse(rowId: string, secretId: string | undefined, now: number): Promise<void> {
    const prisma = await this.#client.open();
    const endsOnFirstUseOf = { in: secretId === undefined ? [rowId] : [rowId, secretId] };
    const [windows, secrets] = await Promise.all([
      prisma.credentialsWindow.findMany({ where: { endsOnFirstUseOf } }),
      prisma.credentialsSecret.findMany({ where: { endsOnFirstUseOf, deviceCredentialsId: rowId } }),
    ]);
    const ended = [...windows, ...secrets];
    if (ended.length === 0) return;
    const end = ({ notAfter }: { readonly notAfter: bigint | null }) => ({
      notAfter: notAfter !== null && notAfter < now ? notAfter : BigInt(now),
      endsOnFirstUseOf: null,
    });
    const rows = [...new Set(ended.map(({ deviceCredentialsId }) => deviceCredentialsId))];
    await this.#write([
      // What was ended otherwise in between, or waits for another by now, stays as it is.
      ...windows.map((one) =>
        prisma.credentialsWindow.updateMany({
          where: { deviceCredentialsId: one.deviceCredentialsId, endsOnFirstUseOf },
          data: end(one),
        }),
      ),
      ...secrets.map((one) =>
        prisma.credentialsSecret.updateMany({ where: { id: one.id, endsOnFirstUseOf }, data: end(one) }),
      ),
      prisma.deviceCredentials.updateMany({
        where: { id: { in: rows } },
        data: { version: { increment: 1 } },
      }),
      auditWrite(
        prisma,
        SERVER_ACTOR,
        {
          action: 'credentials.ended',
          subjectType: 'credentials',
          subjectId: rowId,
          detail: { why: 'what replaces them was used for the first time', ended: rows },
        },
        now,
      ),
    ]);
  }

  async upgrade(upgrade: PasswordUpgrade, needsUpgrade: (hash: string) => boolean): Promise<void> {
    const prisma = await this.#client.open();
    const { rowId, secretId, secret } = upgrade;
    const row = await prisma.deviceCredentials.findUnique({
      where: { id: rowId },
      include: { secrets: true },
    });
    if (row?.deviceId == null) return;
    const device = await prisma.device.findUnique({
      where: { id: row.deviceId },
      select: { id: true, version: true },
    });
    if (device === null) return;
    // Every change of the credentials takes this lock first, so what was read is still true.
    const lock = lockDevice(prisma, { id: device.id, version: Number(device.version) });
    const note = auditWrite(prisma, SERVER_ACTOR, {
      action: 'credentials.password_upgraded',
      subjectType: 'credentials',
      subjectId: rowId,
      detail: { from: secretId === undefined ? 'plain text' : 'another hash' },
    });
    const touch = { version: { increment: 1 } } as const;
    if (secretId !== undefined) {
      const kept = row.secrets.find(({ id }) => id === secretId);
      if (kept === undefined || !needsUpgrade(kept.hash)) return;
      const scramKeys = secret.scramKeys as unknown as Prisma.InputJsonValue | undefined;
      await this.#write([
        lock,
        prisma.credentialsSecret.update({
          where: { id: secretId, hash: kept.hash },
          data: { hash: secret.hash, ...(scramKeys === undefined ? {} : { scramKeys }) },
        }),
        prisma.deviceCredentials.update({ where: { id: rowId }, data: touch }),
        note,
      ]);
      return;
    }
    const plain = plainPasswordOf(row);
    if (plain === undefined || !equalsInConstantTime(plain, upgrade.plain)) return;
    await this.#write([
      lock,
      ...createSecrets(prisma, rowId, [{ ...secret, id: randomUUID() }]),
      prisma.deviceCredentials.update({
        where: { id: rowId, credentialsValue: row.credentialsValue },
        data: { credentialsValue: withMarker(row.credentialsValue), ...touch },
      }),
      note,
    ]);
  }

  /** Somebody else was first: then nothing of this is written, and a later login sees to it. */
  async #write(writes: Prisma.PrismaPromise<unknown>[]): Promise<void> {
    const prisma = await this.#client.open();
    try {
      await retryWhileBusy(() => prisma.$transaction(writes));
    } catch (error) {
      if ((error as { code?: string }).code !== 'P2025') throw error;
    }
  }
}
