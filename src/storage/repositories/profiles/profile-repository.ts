import { randomUUID } from 'node:crypto';
import {
  checkProfile,
  type ProfileMqtt,
  type ProfileRequest,
  type ProvisionType,
  type StoredProvisioning,
  storeProvisioning,
} from '../../../fleet/devices/profile.ts';
import {
  readMqtt,
  readProvisionConfiguration,
  writeProfileData,
} from '../../../fleet/devices/profile-data.ts';
import type { Actor, AuditAction } from '../../../model/audit.ts';
import type { TransportType } from '../../../model/device.ts';
import { type TakenBy, ThingPassError } from '../../../model/errors.ts';
import { isUuid } from '../../../util/uuid.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { auditWrite } from '../audit-repository.ts';
import { OWN_TENANT } from '../tenant.ts';

export interface ProfileEntry {
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly createdTime: number;
  readonly version: number;
  readonly isDefault: boolean;
  readonly transportType: TransportType;
  readonly mqtt: ProfileMqtt | undefined;
  /** With the secret; the resource decides who sees it. */
  readonly provisioning: StoredProvisioning;
}

export interface SavedProfile {
  readonly done: 'created' | 'replaced';
  readonly profile: ProfileEntry;
  /** The provision secret that was made, if one was. */
  readonly made: string | undefined;
}

/** Device profiles. Triggers tell the caches of a change; the audit event is in the same transaction. */
export class ProfileRepository {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** By name; @param query.after the last of the page before. */
  async list(query: {
    readonly name?: string | undefined;
    readonly after?: { readonly name: string; readonly id: string } | undefined;
    readonly limit: number;
  }): Promise<ProfileEntry[]> {
    const { name, after, limit } = query;
    const rows = await this.#prisma.deviceProfile.findMany({
      where: {
        AND: [
          { name: { not: null } },
          ...(name === undefined ? [] : [{ name }]),
          ...(after === undefined
            ? []
            : [{ OR: [{ name: { gt: after.name } }, { name: after.name, id: { gt: after.id } }] }]),
        ],
      },
      orderBy: [{ name: 'asc' }, { id: 'asc' }],
      take: limit,
    });
    return rows.map(toEntry);
  }

  /** @throws {ThingPassError} `profile_not_found` when no profile has this id or name. */
  async get(idOrName: string): Promise<ProfileEntry> {
    const byId = isUuid(idOrName)
      ? await this.#prisma.deviceProfile.findUnique({ where: { id: idOrName.toLowerCase() } })
      : null;
    const row = byId ?? (await this.#byName(idOrName));
    if (row === null) throw new ThingPassError('profile_not_found', 'there is no such profile');
    return toEntry(row);
  }

  /** @throws {ThingPassError} as {@link put}. */
  create(request: ProfileRequest, actor: Actor): Promise<SavedProfile> {
    return this.put(randomUUID(), request, undefined, actor);
  }

  /**
   * Makes a profile be so, whether it was there or not; repeating it changes nothing but the version.
   * @param version what it must be just now; `undefined`: whatever it is. With one, nothing is created.
   * @throws {ThingPassError} `precondition_failed` where it is another, `profile_invalid`, `name_taken`,
   * `provision_key_taken`.
   */
  async put(
    id: string,
    request: ProfileRequest,
    version: number | undefined,
    actor: Actor,
  ): Promise<SavedProfile> {
    checkProfile(request);
    const known = await this.#prisma.deviceProfile.findUnique({ where: { id } });
    if (version !== undefined && Number(known?.version ?? -1) !== version) throw changed();
    const before = known === null ? undefined : toEntry(known);
    const provisioning = storeProvisioning(request.provisioning, before?.provisioning);
    const { name, description, transportType, mqtt } = request;
    const data = {
      name,
      description: description ?? null,
      transportType,
      provisionType: provisioning.type,
      provisionDeviceKey: provisioning.key,
      profileData: writeProfileData(
        known?.profileData,
        transportType,
        mqtt,
        provisioning,
      ) as Prisma.InputJsonObject,
    };
    const note = {
      action: (known === null ? 'profile.created' : 'profile.updated') as AuditAction,
      subjectType: 'profile' as const,
      subjectId: id,
      detail: { name, transportType, provisionType: provisioning.type },
    };
    const writes =
      known === null
        ? [this.#create(id, data)]
        : [
            this.#prisma.deviceProfile.update({
              where: { id, version: known.version },
              data: { ...data, version: { increment: 1 } },
            }),
            // ThingsBoard keeps a copy of the name with each device.
            ...(known.name === name
              ? []
              : [this.#prisma.device.updateMany({ where: { deviceProfileId: id }, data: { type: name } })]),
          ];
    await this.#write([...writes, auditWrite(this.#prisma, actor, note)], id, name, provisioning.key);
    const profile = await this.get(id);
    return { done: known === null ? 'created' : 'replaced', profile, made: provisioning.made };
  }

  /** @throws {ThingPassError} `profile_not_found`, `profile_in_use`. */
  async remove(idOrName: string, actor: Actor): Promise<void> {
    const { id, name } = await this.get(idOrName);
    try {
      await retryWhileBusy(() =>
        this.#prisma.$transaction([
          // Fails where the profile is gone, as `delete` does not where two do it at once.
          this.#prisma.deviceProfile.update({
            where: { id },
            data: { version: { increment: 1 } },
            select: { id: true },
          }),
          this.#prisma.deviceProfile.deleteMany({ where: { id } }),
          auditWrite(this.#prisma, actor, {
            action: 'profile.deleted',
            subjectType: 'profile',
            subjectId: id,
            detail: { name },
          }),
        ]),
      );
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'P2003') throw new ThingPassError('profile_in_use', `devices have the profile ${name}`);
      if (code === 'P2025') throw new ThingPassError('profile_not_found', 'there is no such profile');
      throw error;
    }
  }

  #create(id: string, data: Omit<Prisma.DeviceProfileUncheckedCreateInput, 'id' | 'createdTime'>) {
    return this.#prisma.deviceProfile.create({
      data: {
        ...data,
        id,
        createdTime: BigInt(Date.now()),
        tenantId: OWN_TENANT,
        type: 'DEFAULT',
        isDefault: data.name === 'default',
      },
    });
  }

  #byName(name: string) {
    return this.#prisma.deviceProfile.findUnique({
      where: { tenantId_name: { tenantId: OWN_TENANT, name } },
    });
  }

  async #write(
    writes: Prisma.PrismaPromise<unknown>[],
    id: string,
    name: string,
    key: string | null,
  ): Promise<void> {
    try {
      await retryWhileBusy(() => this.#prisma.$transaction(writes));
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'P2025') throw changed();
      if (code !== 'P2002') throw error;
      const holderOfName = await this.#byName(name);
      if (holderOfName !== null && holderOfName.id !== id)
        throw takenByProfile('name_taken', 'profile name', { id: holderOfName.id, name });
      const holderOfKey =
        key === null
          ? null
          : await this.#prisma.deviceProfile.findUnique({ where: { provisionDeviceKey: key } });
      if (holderOfKey !== null && holderOfKey.id !== id)
        throw takenByProfile('provision_key_taken', 'provision key', {
          id: holderOfKey.id,
          name: holderOfKey.name ?? '',
        });
      // Two made the same one at once.
      throw changed();
    }
  }
}

function takenByProfile(
  code: 'name_taken' | 'provision_key_taken',
  what: string,
  takenBy: TakenBy,
): ThingPassError {
  const message = `this ${what} already belongs to profile ${takenBy.name} (${takenBy.id})`;
  return new ThingPassError(code, message, { takenBy });
}

function changed(): ThingPassError {
  return new ThingPassError('precondition_failed', 'somebody else changed the profile at the same time');
}

function toEntry(row: Prisma.DeviceProfileGetPayload<object>): ProfileEntry {
  return {
    id: row.id,
    name: row.name ?? '',
    description: row.description ?? undefined,
    createdTime: Number(row.createdTime),
    version: Number(row.version),
    isDefault: row.isDefault ?? false,
    transportType: (row.transportType ?? 'DEFAULT') as TransportType,
    mqtt: readMqtt(row.profileData),
    provisioning: {
      type: (row.provisionType ?? 'DISABLED') as ProvisionType,
      key: row.provisionDeviceKey,
      configuration: readProvisionConfiguration(row.profileData),
    },
  };
}
