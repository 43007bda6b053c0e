import type pg from 'pg';
import type { PostgresqlLocation } from '../database-url.ts';
import { connectionConfig, driver } from '../postgresql-connection.ts';
import { isUuid } from '../prisma.ts';

/** A device as far as messages name it. */
export interface NamedDevice {
  readonly id: string;
  readonly name: string;
}

/** Longest wait for a connection and for an answer, in milliseconds: a person or program waits, no broker. */
const PATIENCE_MS = 5_000;

/**
 * What management must know of ThingsBoard's own devices, which it never changes: whether a name is one of them, and whether
 * one of them holds a credentials id. Asked seldom, so over a connection for each question.
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

  async #first(sql: string, value: unknown): Promise<NamedDevice | undefined> {
    const wish = { connectMs: PATIENCE_MS, answerMs: PATIENCE_MS, readOnly: true };
    const client: pg.Client = new (driver().Client)(connectionConfig(this.#location, wish));
    // A connection that breaks while nobody asks must not end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<NamedDevice>(sql, [value])).rows[0];
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
