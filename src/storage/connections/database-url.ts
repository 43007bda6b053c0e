import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SqliteLocation {
  readonly kind: 'sqlite';
  readonly file: string;
}

export interface PostgresqlLocation {
  readonly kind: 'postgresql';
  readonly url: string;
}

export type DatabaseLocation = SqliteLocation | PostgresqlLocation;

/**
 * Reads `DATABASE_URL`: `file:<path>` (relative to the working directory) or `postgresql://…`.
 * @throws {Error} for any other text, without repeating it: it may hold a password.
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  if (url.startsWith('file://')) return { kind: 'sqlite', file: fileURLToPath(url) };
  if (url.startsWith('file:')) {
    const path = url.slice('file:'.length).split('?', 1)[0] as string;
    if (path === '') throw new Error('DATABASE_URL names no file after "file:"');
    return { kind: 'sqlite', file: resolve(path) };
  }
  if (isPostgresqlUrl(url)) return { kind: 'postgresql', url };
  throw new Error('DATABASE_URL must begin with "file:" or "postgresql://", and be a URL');
}

/** Reads the URL of ThingsBoard's database. @throws {Error} without repeating it. */
export function parseThingsBoardUrl(url: string): PostgresqlLocation {
  if (isPostgresqlUrl(url)) return { kind: 'postgresql', url };
  throw new Error('THINGPASS_THINGSBOARD_DATABASE_URL must begin with "postgresql://", and be a URL');
}

function isPostgresqlUrl(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url) && URL.canParse(url);
}
