import type { ApiKeyEntry, ApiKeyStore, Scope, StoredApiKey } from '../../fleet/devices/api-key.ts';
import type { Actor, AuditNote } from '../../model/audit.ts';
import type { Prisma, PrismaClient } from '../connections/prisma.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { auditWrite } from './audit-repository.ts';

/** The keys of the management API; of each only a hash is kept. */
export class ApiKeyRepository implements ApiKeyStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** @returns false when another key has the name. */
  async create(key: StoredApiKey, actor: Actor): Promise<boolean> {
    const { id, name, hash, scopes, expiresTime, createdTime } = key;
    const data = {
      id,
      name,
      hash,
      scopes: scopes.join(' '),
      createdTime: BigInt(createdTime),
      expiresTime: expiresTime === undefined ? null : BigInt(expiresTime),
    };
    try {
      await this.#write(this.#prisma.apiKey.create({ data }), actor, {
        action: 'api_key.created',
        subjectType: 'api_key',
        subjectId: id,
        detail: { name, scopes, expires: expiresTime ?? null },
      });
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === 'P2002') return false;
      throw error;
    }
  }

  async find(id: string): Promise<StoredApiKey | undefined> {
    const row = await this.#prisma.apiKey.findUnique({ where: { id } });
    return row === null ? undefined : { ...toEntry(row), hash: row.hash };
  }

  /** By name. */
  async list(): Promise<ApiKeyEntry[]> {
    return (await this.#prisma.apiKey.findMany({ orderBy: { name: 'asc' } })).map(toEntry);
  }

  /** Ends a key for good; `undefined` when no key has this id or name. */
  async revoke(idOrName: string, actor: Actor): Promise<ApiKeyEntry | undefined> {
    const row = await this.#prisma.apiKey.findFirst({
      where: { OR: [{ id: idOrName }, { name: idOrName }] },
    });
    if (row === null) return undefined;
    await this.#write(this.#prisma.apiKey.deleteMany({ where: { id: row.id } }), actor, {
      action: 'api_key.revoked',
      subjectType: 'api_key',
      subjectId: row.id,
      detail: { name: row.name },
    });
    return toEntry(row);
  }

  async used(id: string, time: number): Promise<void> {
    await this.#prisma.apiKey.updateMany({ where: { id }, data: { lastUsedTime: BigInt(time) } });
  }

  async #write(write: Prisma.PrismaPromise<unknown>, actor: Actor, note: AuditNote): Promise<void> {
    await retryWhileBusy(() => this.#prisma.$transaction([write, auditWrite(this.#prisma, actor, note)]));
  }
}

function toEntry(row: Prisma.ApiKeyGetPayload<object>): ApiKeyEntry {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes.split(' ') as Scope[],
    createdTime: Number(row.createdTime),
    expiresTime: row.expiresTime === null ? undefined : Number(row.expiresTime),
    lastUsedTime: row.lastUsedTime === null ? undefined : Number(row.lastUsedTime),
  };
}
