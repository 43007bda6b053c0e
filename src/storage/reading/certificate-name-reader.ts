import Database from 'libsql';
import type { CertificateNames } from '../../engine/credentials/certificate/certificate-names.ts';
import type { CredentialsRecord } from '../../engine/credentials/credentials-record.ts';
import { isStorable } from '../../util/storable-text.ts';
import type { DatabaseLocation, PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import {
  type CredentialsRow,
  OWN_TABLES,
  selectCredentials,
  type TablesBeside,
  toRecords,
  WITHOUT_OWN_TABLES,
} from './credentials-rows.ts';
import { DATABASE_SHARE } from './sources.ts';

/** Finds the clients of whose certificate a broker tells a name only, each with one query. */
export interface CertificateNameReader extends CertificateNames {
  close(): Promise<void>;
}

/** The conditions; `?` stands for the values in turn. */
const BY_CERTIFICATE = `c.credentials_type = 'X509_CERTIFICATE'
  AND c.id IN (SELECT device_credentials_id FROM certificate_name WHERE value = ? AND kind = ?)`;
const BY_DEVICE_NAME = 'd.name = ?';

type Ask = (condition: 'certificate' | 'device', values: readonly string[]) => Promise<CredentialsRow[]>;

/** @param answerMs an answer of PostgreSQL's that takes longer is given up. */
function openCertificateNames(location: DatabaseLocation, answerMs: number): CertificateNameReader {
  if (location.kind === 'postgresql') {
    const { ask, close } = openPostgresql(location, answerMs, OWN_TABLES);
    return { ...namesFrom(ask), close };
  }
  const database = new Database(location.file, { readonly: true, fileMustExist: true, timeout: 0 });
  const transport = "json_extract(p.profile_data, '$.transportConfiguration')";
  const prepare = (condition: string) =>
    database.prepare(selectCredentials(condition, transport, OWN_TABLES));
  const statements = { certificate: prepare(BY_CERTIFICATE), device: prepare(BY_DEVICE_NAME) };
  return {
    ...namesFrom((condition, values) =>
      retryWhileBusy(async () => statements[condition].all(...values) as CredentialsRow[]),
    ),
    async close() {
      database.close();
    },
  };
}

/** The same of ThingsBoard's own database, where the device's name is all there is to go by. */
function openThingsBoardNames(location: PostgresqlLocation, answerMs: number): CertificateNameReader {
  const { ask, close } = openPostgresql(location, answerMs, WITHOUT_OWN_TABLES);
  return { ...namesFrom(ask), findByCertificate: async () => [], close };
}

function openPostgresql(
  location: PostgresqlLocation,
  answerMs: number,
  tables: TablesBeside,
): { ask: Ask; close: () => Promise<void> } {
  const pool = new (driver().Pool)({
    ...connectionConfig(location, { connectMs: answerMs, answerMs, readOnly: true }),
    max: 2,
  });
  // A connection that breaks while it idles is replaced; the next query meets trouble that stays.
  pool.on('error', () => undefined);
  const textOf = (condition: string): string => {
    let count = 0;
    const numbered = condition.replaceAll('?', () => `$${++count}`);
    return selectCredentials(numbered, "(p.profile_data -> 'transportConfiguration')::text", tables);
  };
  const texts = { certificate: textOf(BY_CERTIFICATE), device: textOf(BY_DEVICE_NAME) };
  return {
    async ask(condition, values) {
      const query = { name: `names_by_${condition}`, text: texts[condition], values: [...values] };
      return (await pool.query<CredentialsRow>(query)).rows;
    },
    close: () => pool.end(),
  };
}

function namesFrom(ask: Ask): CertificateNames {
  const find = async (
    condition: 'certificate' | 'device',
    values: readonly string[],
  ): Promise<readonly CredentialsRecord[]> =>
    values.every(isStorable) ? [...toRecords(await ask(condition, values)).values()] : [];
  return {
    findByCertificate: ({ by, value }) => find('certificate', [value, by]),
    findByDeviceName: (name) => find('device', [name]),
  };
}

/**
 * The names of our database, and where credentials are read from ThingsBoard's as well, of the devices there.
 * @param budgetMs what a decision may take; the database gets the better part of it.
 */
export function openNames(
  location: DatabaseLocation,
  thingsboard: PostgresqlLocation | undefined,
  budgetMs: number,
): CertificateNameReader {
  const answerMs = budgetMs * DATABASE_SHARE;
  const own = openCertificateNames(location, answerMs);
  if (thingsboard === undefined) return own;
  const theirs = openThingsBoardNames(thingsboard, answerMs);
  const both = async (
    ask: (reader: CertificateNames) => Promise<readonly CredentialsRecord[]>,
  ): Promise<readonly CredentialsRecord[]> => (await Promise.all([theirs, own].map(ask))).flat();
  return {
    findByCertificate: (name) => both((reader) => reader.findByCertificate(name)),
    findByDeviceName: (name) => both((reader) => reader.findByDeviceName(name)),
    async close() {
      await Promise.all([theirs.close(), own.close()]);
    },
  };
}
