import { isGateway } from '../../../engine/credentials/stored/stored-json.ts';
import type { CredentialsType } from '../../../model/device.ts';
import { isUuid } from '../../../util/uuid.ts';
import type { DatabaseLocation } from '../../connections/database-url.ts';
import type { PrismaClient } from '../../connections/prisma.ts';
import type { ThingsBoardDevices } from '../../thingsboard/devices.ts';
import { OWN_TENANT } from '../tenant.ts';
import type { DeviceQuery, DeviceSource, DeviceSummary } from './device-query.ts';

const ENDS_BEFORE = `SELECT 1 FROM device_credentials c
  LEFT JOIN credentials_window w ON w.device_credentials_id = c.id
  LEFT JOIN credentials_secret s ON s.device_credentials_id = c.id
  LEFT JOIN certificate_validity v ON v.device_credentials_id = c.id
  WHERE c.device_id = d.id AND (w.not_after < CAST(? AS BIGINT) OR s.not_after < CAST(? AS BIGINT)
    OR v.not_after < CAST(? AS BIGINT))`;

/**
 * Finds devices page by page: ThingsBoard's own, where its database is read, then ours, each in the order of their names as
 * the database has it. Names of both together would have no order, since databases differ in their collation.
 *
 * The ids come out of one handwritten query: credentials have no relation to devices that Prisma could ask through, since
 * ThingsBoard has no foreign key there.
 */
export class DeviceListing {
  readonly #prisma: PrismaClient;
  readonly #kind: DatabaseLocation['kind'];
  readonly #thingsboard: ThingsBoardDevices | undefined;

  constructor(prisma: PrismaClient, kind: DatabaseLocation['kind'], thingsboard?: ThingsBoardDevices) {
    this.#prisma = prisma;
    this.#kind = kind;
    this.#thingsboard = thingsboard;
  }

  async list(query: DeviceQuery): Promise<DeviceSummary[]> {
    const { source, after, limit } = query;
    const theirs =
      source === 'own' || after?.source === 'own' ? undefined : await this.#thingsboard?.list(query);
    if (source === 'thingsboard' || theirs?.length === limit) return theirs ?? [];
    const rest = { limit: limit - (theirs?.length ?? 0), after: after?.source === 'own' ? after : undefined };
    return [...(theirs ?? []), ...(await this.#listOwn({ ...query, ...rest }))];
  }

  /** The device of one of the databases. */
  async find(source: DeviceSource, idOrName: string): Promise<DeviceSummary | undefined> {
    return source === 'own' ? this.#getOwn(idOrName) : this.#thingsboard?.get(idOrName);
  }

  /**
   * The device with this id or, failing that, this name; ours where ThingsBoard has one as well, as it is the one that writes
   * would change.
   * @param idOrName holds neither NUL nor unpaired surrogates.
   */
  async get(idOrName: string): Promise<DeviceSummary | undefined> {
    return (await this.#getOwn(idOrName)) ?? this.#thingsboard?.get(idOrName);
  }

  async #listOwn(query: DeviceQuery): Promise<DeviceSummary[]> {
    const { conditions, values } = this.#conditions(query);
    const text = `SELECT d.id AS id FROM device d WHERE ${conditions.join(' AND ')}
      ORDER BY d.name, d.id LIMIT ${Math.trunc(query.limit)}`;
    const rows = await this.#prisma.$queryRawUnsafe<{ id: string }[]>(this.#numbered(text), ...values);
    const ids = rows.map(({ id }) => id);
    const byId = new Map((await this.#summaries(ids)).map((device) => [device.id, device]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  async #getOwn(idOrName: string): Promise<DeviceSummary | undefined> {
    const id = isUuid(idOrName) ? idOrName.toLowerCase() : undefined;
    const [byId] = id === undefined ? [] : await this.#summaries([id]);
    if (byId !== undefined) return byId;
    const row = await this.#prisma.device.findUnique({
      where: { tenantId_name: { tenantId: OWN_TENANT, name: idOrName } },
      select: { id: true },
    });
    return row === null ? undefined : (await this.#summaries([row.id]))[0];
  }

  #conditions(query: DeviceQuery): { conditions: string[]; values: (string | number)[] } {
    const uuid = this.#kind === 'sqlite' ? 'TEXT' : 'uuid';
    const conditions = ['d.name IS NOT NULL'];
    const values: (string | number)[] = [];
    const where = (condition: string, ...bound: (string | number)[]): void => {
      conditions.push(condition);
      values.push(...bound);
    };
    const { name, nameStartsWith, profile, credentialsType, expiresBefore, after } = query;
    if (name !== undefined) where('d.name = ?', name);
    if (nameStartsWith !== undefined) where(...this.#startsWith(nameStartsWith));
    if (profile !== undefined && isUuid(profile))
      where(`d.device_profile_id = CAST(? AS ${uuid})`, profile.toLowerCase());
    else if (profile !== undefined)
      where('d.device_profile_id IN (SELECT id FROM device_profile WHERE name = ?)', profile);
    if (credentialsType !== undefined)
      where(
        'EXISTS (SELECT 1 FROM device_credentials c WHERE c.device_id = d.id AND c.credentials_type = ?)',
        credentialsType,
      );
    if (expiresBefore !== undefined)
      where(`EXISTS (${ENDS_BEFORE})`, expiresBefore, expiresBefore, expiresBefore);
    // The first part alone lets an index find the place.
    if (after !== undefined)
      where(`d.name >= ? AND (d.name > ? OR d.id > CAST(? AS ${uuid}))`, after.name, after.name, after.id);
    return { conditions, values };
  }

  /** SQLite's LIKE knows no case, its comparison does; PostgreSQL is the other way about, by collation. */
  #startsWith(prefix: string): [string, ...string[]] {
    return this.#kind === 'sqlite'
      ? ['d.name >= ? AND d.name < ?', prefix, `${prefix}\u{10ffff}`]
      : ['starts_with(d.name, ?)', prefix];
  }

  #numbered(text: string): string {
    if (this.#kind === 'sqlite') return text;
    let count = 0;
    return text.replaceAll('?', () => `$${++count}`);
  }

  async #summaries(ids: readonly string[]): Promise<DeviceSummary[]> {
    const [devices, credentials] = await Promise.all([
      this.#prisma.device.findMany({
        where: { id: { in: [...ids] } },
        include: { deviceProfile: { select: { id: true, name: true } } },
      }),
      this.#prisma.deviceCredentials.findMany({
        where: { deviceId: { in: [...ids] } },
        select: { id: true, credentialsType: true, deviceId: true },
        orderBy: [{ createdTime: 'asc' }, { id: 'asc' }],
      }),
    ]);
    return devices.map((device) => ({
      id: device.id,
      source: 'own',
      name: device.name ?? '',
      label: device.label ?? undefined,
      gateway: isGateway(device.additionalInfo),
      createdTime: Number(device.createdTime),
      profile: { id: device.deviceProfile.id, name: device.deviceProfile.name ?? '' },
      credentials: credentials
        .filter(({ deviceId }) => deviceId === device.id)
        .map(({ id, credentialsType }) => ({ id, type: credentialsType as CredentialsType })),
    }));
  }
}
