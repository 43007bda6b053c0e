import { isStorable } from '../../util/storable-text.ts';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import type { CredentialsReader } from './credentials-reader.ts';
import { OWN_TABLES, selectCredentials, type TablesBeside, toRecords, toRow } from './credentials-rows.ts';

export interface PostgresqlReaderOptions {
  /** Most connections; a batch uses one at a time. */
  readonly connections: number;
  /** A connection or an answer that takes longer is given up, and the connection with it. */
  readonly answerMs: number;
  /** ThingsBoard's own database has neither secrets nor windows. */
  readonly tables?: TablesBeside;
  readonly readOnly?: boolean;
}

/** Reads credentials from PostgreSQL: one prepared statement for any number of ids. */
export function openPostgresqlReader(
  location: PostgresqlLocation,
  options: PostgresqlReaderOptions,
): CredentialsReader {
  const { connections, answerMs, tables = OWN_TABLES, readOnly = false } = options;
  const pool = new (driver().Pool)({
    ...connectionConfig(location, { connectMs: answerMs, answerMs, readOnly }),
    max: connections,
    // Connections stay: a reconnect of the whole fleet is when nobody wants to wait for one.
    idleTimeoutMillis: 0,
  });
  // A connection that breaks while it idles is replaced; the next query meets trouble that stays.
  pool.on('error', () => undefined);
  const select = {
    name: 'credentials',
    rowMode: 'array' as const,
    text: selectCredentials(
      'c.credentials_id = ANY($1)',
      "(p.profile_data -> 'transportConfiguration')::text",
      tables,
    ),
  };
  return {
    async read(ids) {
      const { rows } = await pool.query<unknown[]>({ ...select, values: [ids.filter(isStorable)] });
      return toRecords(rows.map(toRow));
    },
    async check() {
      await pool.query('SELECT 1 FROM device_credentials LIMIT 1');
    },
    close: () => pool.end(),
  };
}
