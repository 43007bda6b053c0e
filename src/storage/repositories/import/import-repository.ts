import { isDeepStrictEqual } from 'node:util';
import { problemOfPattern } from '../../../engine/credentials/certificate/java-regex.ts';
import type { ImportedProfile } from '../../../fleet/devices/import/import-item.ts';
import type { RuleOwners } from '../../../fleet/devices/import/import-rules.ts';
import type {
  BatchNote,
  DeviceChange,
  ImportStore,
  Known,
  KnownCredentials,
  KnownDevice,
  KnownQuery,
} from '../../../fleet/devices/import/import-store.ts';
import type { Actor } from '../../../model/audit.ts';
import type { CredentialsType } from '../../../model/device.ts';
import { isStorable } from '../../../util/storable-text.ts';
import { adapterFault } from '../../connections/adapter-fault.ts';
import type { DatabaseLocation } from '../../connections/database-url.ts';
import type { Prisma, PrismaClient } from '../../connections/prisma.ts';
import { retryWhileBusy } from '../../connections/retry-busy.ts';
import { auditWrite } from '../audit-repository.ts';
import { patternIn } from '../profiles/chain-profiles.ts';
import { ensureProfile } from '../profiles/profile-rows.ts';
import { OWN_TENANT } from '../tenant.ts';
import { importWrites } from './import-writes.ts';

/** A name or credentials id is taken, or a row that the changes rest on is gone. */
const OVERTAKEN = [
  ...['P2002', 'UniqueConstraintViolation'],
  ...['P2003', 'ForeignKeyConstraintViolation'],
  'P2025',
];

const DEVICE = {
  id: true,
  name: true,
  label: true,
  additionalInfo: true,
  tenantId: true,
  deviceProfile: { select: { name: true } },
} as const;

const SECRET = { hash: true, importedAs: true } as const;

/** What an import reads and writes; many rows a statement. Everything becomes a device of this installation. */
export class ImportRepository implements ImportStore, RuleOwners {
  readonly #prisma: PrismaClient;
  readonly #kind: DatabaseLocation['kind'];
  readonly #actor: Actor;
  readonly #profiles = new Map<string, Promise<string | undefined>>();
  readonly #brought = new Map<string, Promise<{ readonly id: string } | string>>();

  constructor(prisma: PrismaClient, kind: DatabaseLocation['kind'], actor: Actor) {
    this.#prisma = prisma;
    this.#kind = kind;
    this.#actor = actor;
  }

  async known({ names, ids, credentialsIds }: KnownQuery): Promise<Known> {
    const rows = await this.#prisma.deviceCredentials.findMany({
      where: { credentialsId: { in: [...credentialsIds] } },
      include: { secrets: { select: SECRET }, window: true },
    });
    const holders = rows.flatMap(({ deviceId }) => deviceId ?? []);
    const devices = await this.#prisma.device.findMany({
      where: {
        OR: [{ tenantId: OWN_TENANT, name: { in: [...names] } }, { id: { in: [...ids, ...holders] } }],
      },
      select: DEVICE,
    });
    const entries = devices.map((row) => ({ tenantId: row.tenantId, device: toKnownDevice(row) }));
    return {
      devicesByName: new Map(
        entries
          .filter(({ tenantId }) => tenantId === OWN_TENANT)
          .map(({ device }) => [device.name, device] as const),
      ),
      devicesById: new Map(entries.map(({ device }) => [device.id, device])),
      credentials: new Map(rows.map((row) => [row.credentialsId ?? '', toKnownCredentials(row)])),
    };
  }

  profile(name: string, dry: boolean): Promise<string | undefined> {
    return remember(this.#profiles, name, () =>
      dry ? this.#profileNamed(name) : ensureProfile(this.#prisma, name),
    );
  }

  importProfile(profile: ImportedProfile, dry: boolean): Promise<{ readonly id: string } | string> {
    return remember(this.#brought, profile.id, () => this.#bring(profile, dry));
  }

  async write(changes: readonly DeviceChange[], note: BatchNote): Promise<boolean> {
    const { importId, ...detail } = note;
    const audit = { action: 'import.written', subjectType: 'import', subjectId: importId, detail } as const;
    try {
      await retryWhileBusy(() =>
        this.#prisma.$transaction([
          ...importWrites(this.#prisma, this.#kind, changes),
          auditWrite(this.#prisma, this.#actor, audit),
        ]),
      );
      return true;
    } catch (error) {
      if (!isOvertaken(error)) throw error;
      this.#profiles.clear();
      this.#brought.clear();
      return false;
    }
  }

  async deviceOfUser(userName: string): Promise<string | undefined> {
    if (!isStorable(userName)) return undefined;
    const where = { credentialsId: userName };
    const row = await this.#prisma.deviceCredentials.findUnique({ where, select: { deviceId: true } });
    if (row !== null) return row.deviceId ?? undefined;
    const named = { tenantId_name: { tenantId: OWN_TENANT, name: userName } };
    return (await this.#prisma.device.findUnique({ where: named, select: { id: true } }))?.id;
  }

  /** Records an import as a whole. */
  async record(
    importId: string,
    event: 'started' | 'finished',
    detail: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const note = { action: `import.${event}`, subjectType: 'import', subjectId: importId, detail } as const;
    await retryWhileBusy(() => this.#prisma.$transaction([auditWrite(this.#prisma, this.#actor, note)]));
  }

  async #profileNamed(name: string): Promise<string | undefined> {
    const where = { tenantId_name: { tenantId: OWN_TENANT, name } };
    return (await this.#prisma.deviceProfile.findUnique({ where, select: { id: true } }))?.id;
  }

  async #bring(profile: ImportedProfile, dry: boolean): Promise<{ readonly id: string } | string> {
    const { id, name, transportType, provisionType, provisionDeviceKey, profileData } = profile;
    const found = await this.#prisma.deviceProfile.findMany({
      where: { OR: [{ id }, { tenantId: OWN_TENANT, name }] },
    });
    const known = found.find((one) => one.id === id) ?? found[0] ?? null;
    const data = {
      name,
      transportType,
      provisionType,
      provisionDeviceKey,
      ...(profileData === null ? {} : { profileData: profileData as Prisma.InputJsonValue }),
    };
    if (known !== null && known.id !== id) {
      // Only ours of the same contents may stand in its place: another could admit whom this one refuses.
      if (isSameProfile(known, profile) || isUntouched(known, profile)) return { id: known.id };
      return `a device profile ${name} is here already, with other contents`;
    }
    if (known !== null && known.name === name && isSameProfile(known, profile)) return { id };
    const pattern =
      provisionType === 'X509_CERTIFICATE_CHAIN' ? patternIn(profileData as Prisma.JsonValue) : undefined;
    const problem = pattern === undefined ? undefined : problemOfPattern(pattern);
    if (problem !== undefined) return `the pattern of the device profile ${name} cannot be used: ${problem}`;
    if (dry) return { id };
    try {
      await retryWhileBusy(() =>
        this.#prisma.$transaction([
          this.#prisma.deviceProfile.upsert({
            where: { id },
            update: { ...data, version: { increment: 1 } },
            create: { id, createdTime: BigInt(Date.now()), type: 'DEFAULT', tenantId: OWN_TENANT, ...data },
          }),
          auditWrite(this.#prisma, this.#actor, {
            action: known === null ? 'profile.created' : 'profile.updated',
            subjectType: 'profile',
            subjectId: id,
            detail: { name, from: 'thingsboard' },
          }),
        ]),
      );
      return { id };
    } catch (error) {
      if ((error as { code?: string }).code !== 'P2002') throw error;
      return `the name or the provision key of the device profile ${name} is taken here`;
    }
  }
}

/** Whether an error says that somebody was faster. */
function isOvertaken(error: unknown): boolean {
  const { code = '' } = error as { readonly code?: string };
  return OVERTAKEN.includes(code) || OVERTAKEN.includes(adapterFault(error) ?? '');
}

function remember<Value>(
  known: Map<string, Promise<Value>>,
  key: string,
  find: () => Promise<Value>,
): Promise<Value> {
  let found = known.get(key);
  if (found === undefined) {
    found = find();
    known.set(key, found);
  }
  return found;
}

type ProfileRow = Prisma.DeviceProfileGetPayload<object>;

function isSameProfile(row: ProfileRow, profile: ImportedProfile): boolean {
  return (
    (row.transportType ?? 'DEFAULT') === (profile.transportType ?? 'DEFAULT') &&
    (row.provisionType ?? 'DISABLED') === (profile.provisionType ?? 'DISABLED') &&
    row.provisionDeviceKey === profile.provisionDeviceKey &&
    isDeepStrictEqual(row.profileData ?? null, profile.profileData ?? null)
  );
}

/** A profile of ThingPass that is only a name, and one of ThingsBoard's, that admit and provision alike. */
function isUntouched(row: ProfileRow, profile: ImportedProfile): boolean {
  const plain = (profile.transportType ?? 'DEFAULT') === 'DEFAULT';
  const closed = (profile.provisionType ?? 'DISABLED') === 'DISABLED';
  const ours =
    row.profileData === null && row.transportType === 'DEFAULT' && row.provisionType === 'DISABLED';
  return plain && closed && ours;
}

function toKnownDevice(row: Prisma.DeviceGetPayload<{ select: typeof DEVICE }>): KnownDevice {
  const { id, name, label, additionalInfo, deviceProfile } = row;
  return {
    id,
    name: name ?? '',
    label: label ?? undefined,
    additionalInfo,
    profileName: deviceProfile.name ?? '',
  };
}

function toKnownCredentials(
  row: Prisma.DeviceCredentialsGetPayload<{
    include: { secrets: { select: typeof SECRET }; window: true };
  }>,
): KnownCredentials {
  const { id, deviceId, credentialsId, credentialsType, credentialsValue, secrets, window } = row;
  const time = (value: bigint | null | undefined) =>
    value === null || value === undefined ? undefined : Number(value);
  return {
    id,
    deviceId: deviceId ?? undefined,
    credentialsId: credentialsId ?? '',
    credentialsValue,
    credentialsType: credentialsType as CredentialsType,
    secrets,
    notBefore: time(window?.notBefore),
    notAfter: time(window?.notAfter),
  };
}
