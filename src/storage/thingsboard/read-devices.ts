import type pg from 'pg';
import {
  type DeviceOrigin,
  type ImportedDevice,
  type ImportedProfile,
  type LineProblem,
  lineProblem,
  type StoredCredentials,
} from '../../fleet/devices/import/import-item.ts';
import { CREDENTIALS_TYPES, type CredentialsType } from '../../model/device.ts';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { checkThingsBoardSchema, thingsBoardUnreadable } from './schema-check.ts';

/** All devices of one tenant of a ThingsBoard database, read page by page and never written. */
export interface ThingsBoardDevices {
  /** How many there are, as of now. */
  readonly total: number;
  /** Numbered from 1 in the place of lines. */
  readonly items: AsyncGenerator<ImportedDevice | LineProblem>;
}

const PAGE = 1_000;
/** A page of a database that is at work may take its time. */
const ANSWER_MS = 60_000;

interface DeviceRow {
  readonly id: string;
  readonly created_time: string;
  readonly name: string | null;
  readonly label: string | null;
  readonly additional_info: string | null;
  readonly device_profile_id: string;
  readonly credentials_id: string | null;
  readonly credentials_type: string | null;
  readonly credentials_value: string | null;
}

interface ProfileRow {
  readonly id: string;
  readonly name: string | null;
  readonly transport_type: string | null;
  readonly provision_type: string | null;
  readonly provision_device_key: string | null;
  readonly profile_data: unknown;
}

/** By id, so that a page needs no more than the rows that it gives, however many were before it. */
const DEVICES = `SELECT d.id, d.created_time, d.name, d.label, d.additional_info, d.device_profile_id,
    c.credentials_id, c.credentials_type, c.credentials_value
  FROM device d LEFT JOIN device_credentials c ON c.device_id = d.id
  WHERE d.tenant_id = $1 AND d.id > $2 ORDER BY d.id LIMIT ${PAGE}`;

const PROFILES = `SELECT id, name, transport_type, provision_type, provision_device_key, profile_data
  FROM device_profile WHERE id = ANY ($1::uuid[])`;

const FIRST = '00000000-0000-0000-0000-000000000000';

/**
 * Opens a ThingsBoard database to copy its devices with their profiles and credentials (`engine/credentials/thingsboard.md`
 * section 10), and calls back with them.
 * @param tenant id of the tenant; not needed where there is one.
 * @throws {ThingPassError} `thingsboard_unreadable` when the tables cannot be read, or the tenant is not clear.
 */
export async function withThingsBoardDevices<Result>(
  location: PostgresqlLocation,
  tenant: string | undefined,
  use: (devices: ThingsBoardDevices) => Promise<Result>,
): Promise<Result> {
  await checkThingsBoardSchema(location);
  const request = { connectMs: 5_000, answerMs: ANSWER_MS, readOnly: true } as const;
  const client = new (driver().Client)(connectionConfig(location, request));
  // Who asks next hears of a connection that broke.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const found = await findTenant(client, tenant);
    const items = found === undefined ? none() : readDevices(client, found.id);
    return await use({ total: found?.count ?? 0, items });
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function findTenant(
  client: pg.Client,
  wanted: string | undefined,
): Promise<{ readonly id: string; readonly count: number } | undefined> {
  const { rows } = await client.query<{ id: string; count: string }>(
    'SELECT tenant_id AS id, count(*) AS count FROM device WHERE tenant_id IS NOT NULL GROUP BY tenant_id ORDER BY 2 DESC',
  );
  const tenants = rows.map(({ id, count }) => ({ id, count: Number(count) }));
  if (wanted === undefined && tenants.length < 2) return tenants[0];
  const found = tenants.find(({ id }) => id === wanted?.toLowerCase());
  if (found !== undefined) return found;
  const list = tenants.slice(0, 20).map(({ id, count }) => `tenant ${id} with ${count} devices`);
  throw thingsBoardUnreadable([
    `${wanted === undefined ? 'several tenants have devices' : 'the tenant has no devices'}; choose one with --tenant`,
    ...list,
  ]);
}

async function* none(): AsyncGenerator<never> {}

async function* readDevices(client: pg.Client, tenant: string): AsyncGenerator<ImportedDevice | LineProblem> {
  const profiles = new Map<string, ImportedProfile>();
  let number = 0;
  let [after, previous] = [FIRST, ''];
  for (;;) {
    const { rows } = await client.query<DeviceRow>(DEVICES, [tenant, after]);
    await readProfiles(client, rows, profiles);
    for (const row of rows) {
      // One credential per device is ThingsBoard's unique index; without it a device would come in several rows.
      if (row.id === previous) continue;
      previous = row.id;
      yield toItem(++number, row, profiles);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}

async function readProfiles(
  client: pg.Client,
  rows: readonly DeviceRow[],
  profiles: Map<string, ImportedProfile>,
): Promise<void> {
  const missing = new Set(rows.map((row) => row.device_profile_id).filter((id) => !profiles.has(id)));
  if (missing.size === 0) return;
  const found = await client.query<ProfileRow>(PROFILES, [[...missing]]);
  for (const row of found.rows) {
    profiles.set(row.id, {
      id: row.id,
      name: row.name ?? '',
      transportType: row.transport_type,
      provisionType: row.provision_type,
      provisionDeviceKey: row.provision_device_key,
      profileData: row.profile_data ?? null,
    });
  }
}

function toItem(
  line: number,
  row: DeviceRow,
  profiles: ReadonlyMap<string, ImportedProfile>,
): ImportedDevice | LineProblem {
  const profile = profiles.get(row.device_profile_id);
  if (row.name === null || row.name === '') return lineProblem(line, `the device ${row.id} has no name`);
  if (profile === undefined) return lineProblem(line, `the device ${row.id} has no device profile`);
  const { credentials_type: type, credentials_id: id, credentials_value: value } = row;
  if (type !== null && !(CREDENTIALS_TYPES as readonly string[]).includes(type))
    return lineProblem(line, `the device ${row.id} has credentials of an unknown type`);
  const origin: DeviceOrigin = {
    id: row.id,
    createdTime: Number(row.created_time),
    additionalInfo: row.additional_info,
    profile,
  };
  const credentials: StoredCredentials | undefined =
    type === null
      ? undefined
      : {
          type: 'STORED' as const,
          credentialsType: type as CredentialsType,
          credentialsId: id ?? '',
          credentialsValue: value,
        };
  const warnings = credentials === undefined ? ['the device has no credentials'] : [];
  const label = row.label === null || row.label === '' ? undefined : row.label;
  return { kind: 'device', line, deviceName: row.name, label, credentials, origin, warnings };
}
