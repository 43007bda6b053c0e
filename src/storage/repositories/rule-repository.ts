import { randomUUID } from 'node:crypto';
import { columnsOf } from '../../engine/access/stored-rule.ts';
import type { KeptRule, RuleOwner, RuleStore } from '../../fleet/devices/rule-store.ts';
import type { Actor, AuditNote } from '../../model/audit.ts';
import type { Rule } from '../../model/topic-rules.ts';
import { isUuid } from '../../util/uuid.ts';
import type { Prisma, PrismaClient } from '../connections/prisma.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { auditWrite } from './audit-repository.ts';

type Write = Prisma.PrismaPromise<unknown>;

const IN_ORDER = [{ position: 'asc' }, { createdTime: 'asc' }, { id: 'asc' }] as const;

/** Operators' rules. A trigger tells every process that the table changed; the audit event is in the same transaction. */
export class RuleRepository implements RuleStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** In the order in which they decide: everybody's, then the profiles', then the devices'. */
  async list(owner?: RuleOwner): Promise<KeptRule[]> {
    return this.#find(owner === undefined ? {} : { ...owner });
  }

  /** Everybody's and the profiles' rules, and those of one device: all that can come together with them. */
  async listBeside(deviceId: string): Promise<KeptRule[]> {
    return this.#find({ OR: [{ deviceId: null }, { deviceId }] });
  }

  async find(id: string): Promise<KeptRule | undefined> {
    const row = await this.#prisma.accessRule.findUnique({ where: { id } });
    return row === null ? undefined : toKept(row);
  }

  /** Puts a rule before another one of the same owner, or behind all of them. */
  async create(rule: Rule, before: string | undefined, actor: Actor): Promise<KeptRule> {
    const { profileId, deviceId, ...columns } = columnsOf(rule);
    const owner = { profileId, deviceId };
    const id = randomUUID();
    const order = placed(await this.#order(owner), id, before);
    await this.#write(
      [
        this.#prisma.accessRule.create({
          data: { ...columns, ...owner, id, createdTime: BigInt(Date.now()), position: order.position },
        }),
        ...this.#moves(order.moved),
      ],
      actor,
      { action: 'rule.created', subjectType: 'rule', subjectId: id, detail: detailOf(rule) },
    );
    return (await this.find(id)) as KeptRule;
  }

  /** Puts another rule in its place; one for somebody else goes behind all of theirs. False when it is gone. */
  async replace(id: string, rule: Rule, actor: Actor): Promise<KeptRule | undefined> {
    const known = await this.find(id);
    if (known === undefined) return undefined;
    const { profileId, deviceId, ...columns } = columnsOf(rule);
    const stays = known.profileId === profileId && known.deviceId === deviceId;
    const position = stays
      ? {}
      : { position: placed(await this.#order({ profileId, deviceId }), id).position };
    try {
      await this.#write(
        [
          this.#prisma.accessRule.update({
            where: { id },
            data: { ...columns, profileId, deviceId, ...position },
          }),
        ],
        actor,
        { action: 'rule.updated', subjectType: 'rule', subjectId: id, detail: detailOf(rule) },
      );
    } catch (error) {
      if ((error as { code?: string }).code === 'P2025') return undefined;
      throw error;
    }
    return this.find(id);
  }

  /** False when there is no such rule. */
  async remove(id: string, actor: Actor): Promise<boolean> {
    if ((await this.find(id)) === undefined) return false;
    await this.#write([this.#prisma.accessRule.deleteMany({ where: { id } })], actor, {
      action: 'rule.deleted',
      subjectType: 'rule',
      subjectId: id,
      detail: {},
    });
    return true;
  }

  /** Gives all rules of one owner this order. @param ids all of them. */
  async reorder(ids: readonly string[], actor: Actor): Promise<void> {
    await this.#write(this.#moves(ids.map((id, position) => ({ id, position }))), actor, {
      action: 'rule.reordered',
      subjectType: 'rule',
      subjectId: ids[0] ?? '',
      detail: { order: ids },
    });
  }

  /** Names of the profiles and devices that rules are for, by id; those that are not there are absent. */
  async ownerNames(rules: readonly RuleOwner[]): Promise<ReadonlyMap<string, string>> {
    const ids = (kind: keyof RuleOwner) => [
      ...new Set(rules.flatMap((rule) => (rule[kind] === null ? [] : [rule[kind]]))),
    ];
    const select = { id: true, name: true } as const;
    const [profiles, devices] = await Promise.all([
      this.#prisma.deviceProfile.findMany({ where: { id: { in: ids('profileId') } }, select }),
      this.#prisma.device.findMany({ where: { id: { in: ids('deviceId') } }, select }),
    ]);
    return new Map([...profiles, ...devices].map(({ id, name }) => [id, name ?? '']));
  }

  /** The id of a profile or device by its id or name. An id is believed: ThingsBoard's database may have it. */
  async ownerId(kind: 'profile' | 'device', idOrName: string): Promise<string | undefined> {
    if (isUuid(idOrName)) return idOrName.toLowerCase();
    const query = { where: { name: idOrName }, select: { id: true } };
    const row =
      kind === 'profile'
        ? await this.#prisma.deviceProfile.findFirst(query)
        : await this.#prisma.device.findFirst(query);
    return row?.id;
  }

  async #find(where: Prisma.AccessRuleWhereInput): Promise<KeptRule[]> {
    const rows = await this.#prisma.accessRule.findMany({ where, orderBy: [...IN_ORDER] });
    // Databases do not agree on where NULL is sorted.
    return rows.map(toKept).sort((left, right) => compare(ownerKey(left), ownerKey(right)));
  }

  async #order(owner: RuleOwner): Promise<readonly { id: string; position: number }[]> {
    return this.#prisma.accessRule.findMany({
      where: owner,
      orderBy: [...IN_ORDER],
      select: { id: true, position: true },
    });
  }

  #moves(moved: readonly { id: string; position: number }[]): Write[] {
    // Many, not one: a rule that is gone meanwhile needs no place.
    return moved.map(({ id, position }) =>
      this.#prisma.accessRule.updateMany({ where: { id }, data: { position } }),
    );
  }

  async #write(writes: readonly Write[], actor: Actor, note: AuditNote): Promise<void> {
    await retryWhileBusy(() => this.#prisma.$transaction([...writes, auditWrite(this.#prisma, actor, note)]));
  }
}

/** Where a rule goes, and which others must move for it. */
function placed(
  order: readonly { id: string; position: number }[],
  id: string,
  before?: string,
): { readonly position: number; readonly moved: readonly { id: string; position: number }[] } {
  const at = order.findIndex((one) => one.id === before);
  if (at < 0) return { position: (order[order.length - 1]?.position ?? -1) + 1, moved: [] };
  const ids = order.map((one) => one.id);
  ids.splice(at, 0, id);
  const moved = ids.map((one, position) => ({ id: one, position })).filter((one) => one.id !== id);
  return { position: at, moved };
}

function ownerKey({ profileId, deviceId }: RuleOwner): string {
  if (deviceId !== null) return `2 ${deviceId}`;
  return profileId === null ? '0' : `1 ${profileId}`;
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function detailOf(rule: Rule): AuditNote['detail'] {
  const { permission, action, filter, qos, retain, profileId, deviceId, note } = columnsOf(rule);
  return { permission, action, filter, qos, retain, profileId, deviceId, note };
}

function toKept(row: Prisma.AccessRuleGetPayload<object>): KeptRule {
  const { position: _, createdTime, ...columns } = row;
  return { ...columns, createdTime: Number(createdTime) };
}
