import { randomUUID } from 'node:crypto';
import type { DenyEntry, DenyKind } from '../../fleet/devices/deny-entry.ts';
import type { Actor, AuditNote } from '../../model/audit.ts';
import type { Prisma, PrismaClient } from '../connections/prisma.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { auditWrite } from './audit-repository.ts';

/** The deny list. A trigger tells every process that the table changed. Values come in the one way of `denyValue`. */
export class DenyRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** By kind and value; @param query.after the last of the page before. */
  async list(query: {
    readonly kind?: DenyKind | undefined;
    readonly after?: { readonly kind: string; readonly value: string } | undefined;
    readonly limit: number;
  }): Promise<DenyEntry[]> {
    const { kind, after, limit } = query;
    const rows = await this.#prisma.denyEntry.findMany({
      where: {
        ...(kind === undefined ? {} : { kind }),
        ...(after === undefined
          ? {}
          : { OR: [{ kind: { gt: after.kind } }, { kind: after.kind, value: { gt: after.value } }] }),
      },
      orderBy: [{ kind: 'asc' }, { value: 'asc' }],
      take: limit,
    });
    return rows.map(toEntry);
  }

  async find(kind: DenyKind, value: string): Promise<DenyEntry | undefined> {
    const row = await this.#prisma.denyEntry.findUnique({ where: { kind_value: { kind, value } } });
    return row === null ? undefined : toEntry(row);
  }

  /** Puts an entry on the list, or gives it another note. */
  async put(
    kind: DenyKind,
    value: string,
    note: string | undefined,
    actor: Actor,
  ): Promise<{ readonly done: 'created' | 'replaced'; readonly entry: DenyEntry }> {
    const where = { kind_value: { kind, value } };
    const known = await this.#prisma.denyEntry.findUnique({ where });
    const data = { note: note ?? null };
    const id = known?.id ?? randomUUID();
    const created = { ...data, id, kind, value, createdTime: BigInt(Date.now()) };
    try {
      await this.#write(
        known === null
          ? this.#prisma.denyEntry.create({ data: created })
          : this.#prisma.denyEntry.update({ where: { id }, data }),
        actor,
        {
          action: known === null ? 'deny_entry.created' : 'deny_entry.updated',
          subjectType: 'deny_entry',
          subjectId: id,
          detail: { kind, value, note: note ?? null },
        },
      );
    } catch (error) {
      // Put or taken away by somebody else in between: look again.
      if (['P2002', 'P2025'].includes((error as { code?: string }).code ?? ''))
        return this.put(kind, value, note, actor);
      throw error;
    }
    const entry = toEntry(known === null ? created : { ...known, ...data });
    return { done: known === null ? 'created' : 'replaced', entry };
  }

  /** Takes an entry off the list; false when it was not on it. */
  async remove(kind: DenyKind, value: string, actor: Actor): Promise<boolean> {
    const entry = await this.find(kind, value);
    if (entry === undefined) return false;
    await this.#write(this.#prisma.denyEntry.deleteMany({ where: { id: entry.id } }), actor, {
      action: 'deny_entry.deleted',
      subjectType: 'deny_entry',
      subjectId: entry.id,
      detail: { kind, value },
    });
    return true;
  }

  async #write(write: Prisma.PrismaPromise<unknown>, actor: Actor, note: AuditNote): Promise<void> {
    await retryWhileBusy(() => this.#prisma.$transaction([write, auditWrite(this.#prisma, actor, note)]));
  }
}

function toEntry(row: Prisma.DenyEntryGetPayload<object>): DenyEntry {
  const { id, value, createdTime } = row;
  const note = row.note ?? undefined;
  return { id, kind: row.kind as DenyKind, value, note, createdTime: Number(createdTime) };
}
