import type {
  CredentialsRecord,
  StoredDevice,
  StoredSecret,
} from '../../engine/credentials/credentials-record.ts';
import {
  isGateway,
  type ProfileTransport,
  readProfileTransport,
} from '../../engine/credentials/stored/stored-json.ts';
import { CREDENTIALS_TYPES, type CredentialsType, type TransportType } from '../../model/device.ts';
import { ThingPassError } from '../../model/errors.ts';
import { BoundedMap } from '../../util/bounded-map.ts';

/**
 * One row of the hot path's join: a credential, its device and profile (null where the device is gone), and one of its
 * secrets (null without one); a credential with several secrets comes in several rows.
 */
export interface CredentialsRow {
  readonly credentials_id: string;
  readonly credentials_type: string | null;
  readonly credentials_value: string | null;
  readonly device_id: string;
  /** Null where the row is not ours to write. */
  readonly row_id: string | null;
  /** SQLite has no booleans. */
  readonly ends_others: boolean | number;
  readonly window_not_before: number | null;
  readonly window_not_after: number | null;
  readonly device_name: string | null;
  readonly tenant_id: string | null;
  readonly additional_info: string | null;
  readonly profile_id: string | null;
  readonly profile_name: string | null;
  readonly transport_type: string | null;
  readonly profile_transport: string | null;
  readonly secret_id: string | null;
  readonly secret_hash: string | null;
  readonly secret_not_before: number | null;
  readonly secret_not_after: number | null;
  readonly secret_ends_on: string | null;
}

/** The join's columns in its order. */
export const CREDENTIALS_COLUMNS: readonly (keyof CredentialsRow)[] = [
  'credentials_id',
  'credentials_type',
  'credentials_value',
  'device_id',
  'row_id',
  'ends_others',
  'window_not_before',
  'window_not_after',
  'device_name',
  'tenant_id',
  'additional_info',
  'profile_id',
  'profile_name',
  'transport_type',
  'profile_transport',
  'secret_id',
  'secret_hash',
  'secret_not_before',
  'secret_not_after',
  'secret_ends_on',
];

/** A row out of its values in the order of {@link CREDENTIALS_COLUMNS}: drivers make lists at half the cost of objects. */
export function toRow(values: readonly unknown[]): CredentialsRow {
  return {
    credentials_id: values[0],
    credentials_type: values[1],
    credentials_value: values[2],
    device_id: values[3],
    row_id: values[4],
    ends_others: values[5],
    window_not_before: values[6],
    window_not_after: values[7],
    device_name: values[8],
    tenant_id: values[9],
    additional_info: values[10],
    profile_id: values[11],
    profile_name: values[12],
    transport_type: values[13],
    profile_transport: values[14],
    secret_id: values[15],
    secret_hash: values[16],
    secret_not_before: values[17],
    secret_not_after: values[18],
    secret_ends_on: values[19],
  } as CredentialsRow;
}

/** The join's part for tables that are ours. */
export interface TablesBeside {
  readonly rowId: string;
  readonly endsOthers: string;
  readonly joins: string;
}

export const OWN_TABLES: TablesBeside = {
  rowId: 'c.id',
  // Few credentials wait for another's first use, so this table is small.
  endsOthers: 'EXISTS (SELECT 1 FROM credentials_window o WHERE o.ends_on_first_use_of = c.id)',
  joins: `
  LEFT JOIN credentials_window w ON w.device_credentials_id = c.id
  LEFT JOIN credentials_secret s ON s.device_credentials_id = c.id`,
};

/** Its stand-in where there are only ThingsBoard's tables, which are never written. */
export const WITHOUT_OWN_TABLES: TablesBeside = {
  rowId: 'NULL::text',
  endsOthers: 'FALSE',
  joins: `
  CROSS JOIN (SELECT NULL::bigint AS not_before, NULL::bigint AS not_after) w
  CROSS JOIN (SELECT NULL::text AS id, NULL::text AS hash, NULL::bigint AS not_before, NULL::bigint AS not_after,
    NULL::text AS ends_on_first_use_of) s`,
};

/** The columns of the join, alike in both databases; `transportConfiguration` is all that deciding needs of profile_data. */
export function selectCredentials(
  condition: string,
  transportConfiguration: string,
  { rowId, endsOthers, joins }: TablesBeside,
): string {
  return `SELECT c.credentials_id, c.credentials_type, c.credentials_value, c.device_id,
    ${rowId} AS row_id, ${endsOthers} AS ends_others,
    w.not_before AS window_not_before, w.not_after AS window_not_after,
    d.name AS device_name, d.tenant_id, d.additional_info,
    p.id AS profile_id, p.name AS profile_name, p.transport_type, ${transportConfiguration} AS profile_transport,
    s.id AS secret_id, s.hash AS secret_hash, s.not_before AS secret_not_before, s.not_after AS secret_not_after,
    s.ends_on_first_use_of AS secret_ends_on
  FROM device_credentials c
  LEFT JOIN device d ON d.id = c.device_id
  LEFT JOIN device_profile p ON p.id = d.device_profile_id${joins}
  WHERE ${condition}`;
}

/** Gathers the join's rows into records by credentials id. */
export function toRecords(rows: readonly CredentialsRow[]): Map<string, CredentialsRecord> {
  const records = new Map<string, CredentialsRecord>();
  for (const row of rows) {
    const known = records.get(row.credentials_id);
    if (known === undefined) {
      records.set(row.credentials_id, toRecord(row));
    } else if (row.secret_id !== null) {
      (known.secrets as StoredSecret[]).push(toSecret(row));
    }
  }
  return records;
}

function toRecord(row: CredentialsRow): CredentialsRecord {
  const credentialsType = toCredentialsType(row.credentials_type);
  const endsOthers = Boolean(row.ends_others);
  return {
    credentialsId: row.credentials_id,
    credentialsType,
    credentialsValue: row.credentials_value,
    deviceId: row.device_id,
    device: toDevice(row),
    secrets: row.secret_id === null ? NO_SECRETS : [toSecret(row)],
    notBefore: toTime(row.window_not_before),
    notAfter: toTime(row.window_not_after),
    // Most are tokens that end nothing: their use leads to nothing, and the id of their row is of no use.
    rowId: credentialsType === 'ACCESS_TOKEN' && !endsOthers ? undefined : (row.row_id ?? undefined),
    endsOthers,
  };
}

/** Shared, since most have none. */
const NO_SECRETS: readonly StoredSecret[] = Object.freeze([]);

function toSecret(row: CredentialsRow): StoredSecret {
  return {
    id: row.secret_id as string,
    hash: row.secret_hash as string,
    notBefore: toTime(row.secret_not_before),
    notAfter: toTime(row.secret_not_after),
    endsOnFirstUseOf: row.secret_ends_on ?? undefined,
  };
}

/** PostgreSQL's driver gives a bigint as text, libsql as a number. */
function toTime(value: number | string | null): number | undefined {
  return value === null ? undefined : Number(value);
}

function toCredentialsType(type: string | null): CredentialsType {
  const known = CREDENTIALS_TYPES.find((one) => one === type);
  if (known === undefined)
    throw new ThingPassError('row_unreadable', 'a credentials row is of an unknown type');
  return known;
}

function toDevice(row: CredentialsRow): StoredDevice | undefined {
  if (row.device_name === null || row.profile_id === null) return undefined;
  const { tenantId, profileId, profileName, transportType, transport } = sharedFacts(row, row.profile_id);
  return {
    id: row.device_id,
    name: row.device_name,
    tenantId,
    profileId,
    profileName,
    transportType,
    gateway: isGateway(row.additional_info),
    sparkplug: transport.sparkplug,
    topics: transport.topics,
  };
}

/** What all devices of a profile have in common. */
interface SharedFacts {
  readonly tenantId: string;
  readonly profileId: string;
  readonly profileName: string;
  readonly transportType: TransportType;
  readonly transport: ProfileTransport;
}

/** By the id of the profile. Drivers make every text anew for every row, and a fleet of records would keep them all. */
const shared = new BoundedMap<string, SharedFacts>(1_000);

function sharedFacts(row: CredentialsRow, profileId: string): SharedFacts {
  const transport = readProfileTransport(row.profile_transport);
  const tenantId = row.tenant_id ?? '';
  const profileName = row.profile_name ?? '';
  const transportType = (row.transport_type ?? 'DEFAULT') as TransportType;
  const known = shared.get(profileId);
  if (
    known?.transport === transport &&
    known.tenantId === tenantId &&
    known.profileName === profileName &&
    known.transportType === transportType
  )
    return known;
  const facts = { tenantId, profileId, profileName, transportType, transport };
  shared.set(profileId, facts);
  return facts;
}
