import { type NoticeKey, noticeId, type SentNotices } from '../../../fleet/devices/expiry/notice.ts';
import type { DatabaseLocation } from '../../connections/database-url.ts';
import type { PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';

/** Who was told of what, so that several replicas tell it once. All times are epoch milliseconds. */
export class ExpiryNoticeRepository implements SentNotices {
  readonly #prisma: PrismaClient;
  readonly #kind: DatabaseLocation['kind'];

  constructor(prisma: PrismaClient, kind: DatabaseLocation['kind']) {
    this.#prisma = prisma;
    this.#kind = kind;
  }

  /** Those of the notices that nobody has sent yet; another replica may be at it. */
  async unsent(keys: readonly NoticeKey[]): Promise<NoticeKey[]> {
    const rows = await this.#prisma.expiryNotice.findMany({
      where: { subjectId: { in: keys.map(({ subjectId }) => subjectId) }, sentTime: { not: null } },
      select: { subjectId: true, endsAt: true, days: true },
    });
    const sent = new Set(rows.map((row) => noticeId({ ...row, endsAt: Number(row.endsAt) })));
    return keys.filter((key) => !sent.has(noticeId(key)));
  }

  /**
   * Claims notices until a time. Another replica does not get a claimed notice, unless it was released.
   * @returns those that were neither sent nor taken on by another.
   */
  async claim(keys: readonly NoticeKey[], now: number, until: number): Promise<NoticeKey[]> {
    if (keys.length === 0) return [];
    const values = keys.map(() => '(?, CAST(? AS BIGINT), CAST(? AS INTEGER), CAST(? AS BIGINT))');
    const bound = keys.flatMap(({ subjectId, endsAt, days }) => [subjectId, endsAt, days, until]);
    const rows = await retryWhileBusy(() =>
      this.#prisma.$queryRawUnsafe<{ subject_id: string; ends_at: string; days: number }[]>(
        this.#numbered(`INSERT INTO expiry_notice (subject_id, ends_at, days, claimed_until)
          VALUES ${values.join(', ')}
          ON CONFLICT (subject_id, ends_at, days) DO UPDATE SET claimed_until = excluded.claimed_until
          WHERE expiry_notice.sent_time IS NULL AND expiry_notice.claimed_until <= CAST(? AS BIGINT)
          RETURNING subject_id, CAST(ends_at AS TEXT) AS ends_at, days`),
        ...bound,
        now,
      ),
    );
    const claimed = new Set(
      rows.map((row) =>
        noticeId({ subjectId: row.subject_id, endsAt: Number(row.ends_at), days: Number(row.days) }),
      ),
    );
    return keys.filter((key) => claimed.has(noticeId(key)));
  }

  /** They were sent, for good. */
  async sent(keys: readonly NoticeKey[], now: number): Promise<void> {
    await this.#set(keys, { sentTime: BigInt(now) });
  }

  /** They could not be sent: anybody may take them on again. */
  async release(keys: readonly NoticeKey[]): Promise<void> {
    await this.#set(keys, { claimedUntil: 0n });
  }

  /** Forgets what was told about what ended before. */
  async prune(before: number): Promise<void> {
    const where = { endsAt: { lt: BigInt(before) } };
    await retryWhileBusy(() => this.#prisma.expiryNotice.deleteMany({ where }));
  }

  async #set(
    keys: readonly NoticeKey[],
    data: { readonly sentTime: bigint } | { readonly claimedUntil: bigint },
  ): Promise<void> {
    const where = {
      sentTime: null,
      OR: keys.map(({ subjectId, endsAt, days }) => ({ subjectId, endsAt: BigInt(endsAt), days })),
    };
    await retryWhileBusy(() => this.#prisma.expiryNotice.updateMany({ where, data }));
  }

  #numbered(text: string): string {
    if (this.#kind === 'sqlite') return text;
    let count = 0;
    return text.replaceAll('?', () => `$${++count}`);
  }
}
