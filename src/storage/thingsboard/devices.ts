import type pg from 'pg';
import { isGateway } from '../../engine/credentials/stored/stored-json.ts';
import type { CredentialsType } from '../../model/device.ts';
import { isUuid } from '../../util/uuid.ts';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import type { DeviceQuery, DeviceSummary } from '../repositories/devices/device-query.ts';

/** A device as far as messages name it. */
export interface NamedDevice {
  readonly id: string;
  readonly name: string;
}

/** Longest wait for a connection and for an answer, in milliseconds: a person or program waits, no broker. */
const PATIENCE_MS = 5_000;

interface ListedRow {
  readonly id: string;
  readonly name: string;
  readonly label: string | null;
  readonly additional_info: string | null;
  readonly created_time: string;
  readonly profile: DeviceSummary['profile'];
  readonly credentials: readonly { readonly id: string; readonly type: string }[];
}

const LISTED = `SELECT d.id::text AS id, coalesce(d.name, '') AS name, d.label, d.additional_info, d.created_time,
    json_build_object('id', d.device_profile_id, 'name', coalesce(p.name, '')) AS profile,
    (SELECT coalesce(json_agg(json_build_object('id', c.id, 'type', c.credentials_type)
      ORDER BY c.created_time, c.id), '[]') FROM device_credentials c WHERE c.device_id = d.id) AS credentials
  FROM device d LEFT JOIN device_profile p ON p.id = d.device_profile_id`;

/**
 * What management knows of ThingsBoard's own devices, which it never changes: which there are, and whether one of them holds
 * a credentials id. Asked seldom, so over a connection for each question.
 */
export class ThingsBoardDevices {
  readonly #location: PostgresqlLocation;

  constructor(location: PostgresqlLocation) {
    this.#location = location;
  }

  /** ThingsBoard's device with this id or name. */
  find(idOrName: string): Promise<NamedDevice | undefined> {
    return isUuid(idOrName)
      ? this.#first('SELECT id::text AS id, name FROM device WHERE id = $1::uuid', idOrName)
      : this.#first('SELECT id::text AS id, name FROM device WHERE name = $1', idOrName);
  }

  /** ThingsBoard's device that holds one of these credentials ids: it would be the one that connects. */
  holderOf(credentialsIds: readonly string[]): Promise<NamedDevice | undefined> {
    return this.#first(
      `SELECT c.device_id::text AS id, coalesce(d.name, '') AS name FROM device_credentials c
       LEFT JOIN device d ON d.id = c.device_id WHERE c.credentials_id = ANY($1)`,
      credentialsIds,
    );
  }

  /** As `DeviceListing.list` of ours: by name, then id, a page at a time, over all tenants. */
  async list(query: DeviceQuery): Promise<DeviceSummary[]> {
    // Of its credentials no end is known.
    if (query.expiresBefore !== undefined) return [];
    const { conditions, values } = conditionsOf(query);
    const rows = await this.#rows<ListedRow>(
      `${LISTED} WHERE ${conditions.join(' AND ')}
        ORDER BY coalesce(d.name, ''), d.id LIMIT ${Math.trunc(query.limit)}`,
      values,
    );
    return rows.map(toSummary);
  }

  /** ThingsBoard's device with this id or name; of several with the name, which then are several tenants', the oldest. */
  async get(idOrName: string): Promise<DeviceSummary | undefined> {
    const condition = isUuid(idOrName) ? 'd.id = $1::uuid' : 'd.name = $1';
    const [row] = await this.#rows<ListedRow>(
      `${LISTED} WHERE ${condition} ORDER BY d.created_time, d.id LIMIT 1`,
      [idOrName],
    );
    return row && toSummary(row);
  }

  async #first(sql: string, value: unknown): Promise<NamedDevice | undefined> {
    return (await this.#rows<NamedDevice>(sql, [value]))[0];
  }

  async #rows<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    const request = { connectMs: PATIENCE_MS, answerMs: PATIENCE_MS, readOnly: true };
    const client: pg.Client = new (driver().Client)(connectionConfig(this.#location, request));
    // A connection that breaks while nobody asks must not end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(sql, [...values])).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function conditionsOf(query: DeviceQuery): { conditions: string[]; values: unknown[] } {
  const { name, nameStartsWith, profile, credentialsType, after } = query;
  const conditions = ['TRUE'];
  const values: unknown[] = [];
  /** @param condition with `?` for each value. */
  const where = (condition: string, ...bound: readonly unknown[]): void => {
    let next = values.length;
    conditions.push(condition.replaceAll('?', () => `$${++next}`));
    values.push(...bound);
  };
  if (name !== undefined) where('d.name = ?', name);
  if (nameStartsWith !== undefined) where('starts_with(d.name, ?)', nameStartsWith);
  if (profile !== undefined) where(isUuid(profile) ? 'd.device_profile_id = ?::uuid' : 'p.name = ?', profile);
  if (credentialsType !== undefined)
    where(
      'EXISTS (SELECT 1 FROM device_credentials c WHERE c.device_id = d.id AND c.credentials_type = ?)',
      credentialsType,
    );
  if (after !== undefined) where("(coalesce(d.name, ''), d.id) > (?, ?::uuid)", after.name, after.id);
  return { conditions, values };
}

function toSummary({ label, additional_info, created_time, credentials, ...row }: ListedRow): DeviceSummary {
  return {
    ...row,
    source: 'thingsboard',
    label: label || undefined,
    gateway: isGateway(additional_info),
    createdTime: Number(created_time),
    credentials: credentials.map(({ id, type }) => ({ id, type: type as CredentialsType })),
  };
}
