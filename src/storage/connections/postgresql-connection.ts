import { createRequire } from 'node:module';
import type pg from 'pg';
import type { PostgresqlLocation } from './database-url.ts';

const load = createRequire(import.meta.url);

/** PostgreSQL's driver, loaded when it is first needed: on SQLite it never is, and it would be a tenth of the start. */
export function driver(): typeof pg {
  return load('pg');
}

/** The schema that the URL names, as Prisma spells it (`?schema=…`); PostgreSQL's own default otherwise. */
export function schemaOf(location: PostgresqlLocation): string | undefined {
  return new URL(location.url).searchParams.get('schema') ?? undefined;
}

export interface ConnectionOptions {
  /** A connection that is not there after so long is given up. */
  readonly connectMs: number;
  /** An answer that is not there after so long is given up, with its connection. */
  readonly answerMs?: number;
  /** Refuse writes, whatever the user may do. */
  readonly readOnly?: boolean;
}

/**
 * What the driver needs for this database. TCP's own probes are enabled, so that a connection which a firewall forgot
 * is found even when nobody uses it; a query has its own, shorter time.
 */
export function connectionConfig(location: PostgresqlLocation, request: ConnectionOptions): pg.ClientConfig {
  const url = new URL(location.url);
  const schema = schemaOf(location);
  url.searchParams.delete('schema');
  const options = [
    url.searchParams.get('options'),
    schema === undefined ? null : `-c search_path=${quoteOption(`"${schema.replaceAll('"', '""')}"`)}`,
    request.readOnly ? '-c default_transaction_read_only=on' : null,
  ].filter((option) => option !== null);
  url.searchParams.delete('options');
  return {
    connectionString: url.toString(),
    application_name: 'thingpass',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: request.connectMs,
    ...(request.answerMs === undefined ? {} : { query_timeout: request.answerMs }),
    ...(options.length === 0 ? {} : { options: options.join(' ') }),
  };
}

/** Blanks and backslashes end a word of `options` unless a backslash stands before them. */
function quoteOption(text: string): string {
  return text.replace(/[\\\s]/g, '\\$&');
}
