import type { Actor, AuditAction, AuditEvent, AuditNote, SubjectType } from '../../model/audit.ts';
import type { Prisma, PrismaClient } from '../connections/prisma.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';

/** The write that records a change; it belongs into the transaction of the change itself, behind its other writes. */
export function auditWrite(
  prisma: PrismaClient,
  actor: Actor,
  note: AuditNote,
  now: number = Date.now(),
): Prisma.PrismaPromise<unknown> {
  const { action, subjectType, subjectId, detail } = note;
  return prisma.auditEvent.create({
    data: {
      createdTime: BigInt(now),
      actor: actor.name,
      origin: actor.origin,
      action,
      subjectType,
      subjectId,
      detail: JSON.stringify(detail),
    },
  });
}

export interface AuditQuery {
  readonly subjectType?: SubjectType | undefined;
  readonly subjectId?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  /** Epoch milliseconds. */
  readonly from?: number | undefined;
  /** Events before this one: the `seq` of the last of the page before. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** What was changed, by whom. Events are written with the changes, see {@link auditWrite}, and never changed. */
export class AuditRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** Writes down what was done elsewhere than in the database. */
  async record(actor: Actor, note: AuditNote): Promise<void> {
    await retryWhileBusy(() => this.#prisma.$transaction([auditWrite(this.#prisma, actor, note)]));
  }

  /** The latest events first. */
  async list({
    before,
    from,
    limit,
    subjectType,
    subjectId,
    actor,
    action,
  }: AuditQuery): Promise<AuditEvent[]> {
    const rows = await this.#prisma.auditEvent.findMany({
      where: {
        ...(before === undefined ? {} : { seq: { lt: before } }),
        ...(from === undefined ? {} : { createdTime: { gte: BigInt(from) } }),
        ...(subjectType === undefined ? {} : { subjectType }),
        ...(subjectId === undefined ? {} : { subjectId }),
        ...(actor === undefined ? {} : { actor }),
        ...(action === undefined ? {} : { action }),
      },
      orderBy: { seq: 'desc' },
      take: limit,
    });
    return rows.map((row) => ({
      seq: row.seq,
      createdTime: Number(row.createdTime),
      actor: row.actor,
      origin: row.origin,
      action: row.action as AuditAction,
      subjectType: row.subjectType as SubjectType,
      subjectId: row.subjectId,
      detail: JSON.parse(row.detail) as AuditEvent['detail'],
    }));
  }
}
