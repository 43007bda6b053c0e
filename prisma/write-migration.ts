/**
 * Writes the migration that leads from the existing ones to the schema as it is now:
 * `npm run migration -- <kind> <name>`, with kind `sqlite` or `postgresql` and a name such as `add_groups`; `--check` in the
 * place of a name writes nothing and ends with 1 when a migration is missing.
 *
 * The existing migrations are applied to an empty database, and Prisma's schema engine says what its tables lack. The engine is
 * the one behind `prisma migrate`, compiled to WebAssembly, as the binary would have to be downloaded from elsewhere. On
 * PostgreSQL the database is one beside that of `SHADOW_DATABASE_URL`, made and dropped here.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import type { DatabaseLocation } from '../src/storage/connections/database-url.ts';
import { migrate } from '../src/storage/migrations/apply.ts';
import { type DatabaseKind, prismaFolder } from '../src/storage/migrations/files.ts';

const { CHAR, TEXT } = pg.types.builtins;
const [kind, name] = process.argv.slice(2) as [DatabaseKind, string];
if ((kind !== 'sqlite' && kind !== 'postgresql') || !/^(--check|[a-z0-9_]+)$/.test(name ?? '')) {
  console.error('usage: npm run migration -- <sqlite|postgresql> <name_in_small_letters|--check>');
  process.exit(2);
}

/** PostgreSQL's catalog has columns of the type "char", which Prisma's adapter refuses; it takes them as text. */
class CatalogPool extends pg.Pool {
  override query = (async (...request: Parameters<pg.Pool['query']>): Promise<unknown> => {
    const result = (await super.query(...request)) as unknown as pg.QueryResult;
    for (const field of result.fields) if (field.dataTypeID === CHAR) field.dataTypeID = TEXT;
    return result;
  }) as pg.Pool['query'];
}

const missing = await (kind === 'sqlite' ? inSqlite() : inPostgresql());
if (missing === undefined) {
  console.log('the schema has no changes');
} else if (name === '--check') {
  console.log(missing);
  process.exitCode = 1;
} else {
  const stamp = new Date().toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const target = join(prismaFolder(kind), 'migrations', `${stamp}_${name}`);
  mkdirSync(target);
  writeFileSync(join(target, 'migration.sql'), missing);
  console.log(`written: ${target}/migration.sql`);
}

async function inSqlite(): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'thingpass-migration-'));
  const file = join(folder, 'shadow.db');
  try {
    return await compare({ kind: 'sqlite', file }, new PrismaLibSql({ url: `file:${file}` }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function inPostgresql(): Promise<string | undefined> {
  const administrator = process.env.SHADOW_DATABASE_URL ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
  const client = new pg.Client(administrator);
  await client.connect();
  const database = `thingpass_migration_${randomUUID().replaceAll('-', '')}`;
  await client.query(`CREATE DATABASE ${database}`);
  try {
    const url = new URL(administrator);
    url.pathname = `/${database}`;
    const pool = new CatalogPool({ connectionString: url.toString() });
    try {
      return await compare({ kind: 'postgresql', url: url.toString() }, new PrismaPg(pool));
    } finally {
      await pool.end();
    }
  } finally {
    await client.query(`DROP DATABASE ${database} WITH (FORCE)`);
    await client.end();
  }
}

/** What the migrations lack, as SQL. */
async function compare(
  location: DatabaseLocation,
  adapter: SqlMigrationAwareDriverAdapterFactory,
): Promise<string | undefined> {
  await migrate(location);
  const path = join(prismaFolder(location.kind), 'schema.prisma');
  const files = [{ path, content: readFileSync(path, 'utf8') }];
  const engine = await SchemaEngine.new(
    { datamodels: files.map((file) => [file.path, file.content]) },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(adapter),
  );
  try {
    const { exitCode, stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: prismaFolder(location.kind) },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    });
    return exitCode === 0 ? undefined : (stdout ?? '');
  } finally {
    engine.free();
  }
}
