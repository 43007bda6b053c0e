/**
 * Migrates as versions before 0.2 did, with Prisma's schema engine: `older-version.ts <database URL> [<how many migrations>]`.
 * The engine notes that a migration begins, runs it (statement by statement on SQLite, whole on PostgreSQL), and notes its end,
 * with no transaction around them. Prints the names of the migrations as JSON.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { SchemaEngine } from '@prisma/schema-engine-wasm';
import Database from 'libsql';
import { OneConnectionLibSql } from '../../../../src/storage/connections/one-connection.ts';
import { migrationNames, prismaFolder } from '../../../../src/storage/migrations/files.ts';

const [url, count] = process.argv.slice(2) as [string, string | undefined];
const kind = url.startsWith('file:') ? 'sqlite' : 'postgresql';
const folder = prismaFolder(kind);
if (kind === 'sqlite') {
  const database = new Database(url.slice('file:'.length));
  database.exec('PRAGMA journal_mode = WAL');
  database.close();
}
const engine = await SchemaEngine.new(
  { datamodels: [['schema.prisma', readFileSync(join(folder, 'schema.prisma'), 'utf8')]] },
  () => undefined,
  bindMigrationAwareSqlAdapterFactory(kind === 'sqlite' ? new OneConnectionLibSql({ url }) : postgresql()),
);
const { appliedMigrationNames } = await engine.applyMigrations({
  migrationsList: {
    baseDir: join(folder, 'migrations'),
    lockfile: { path: 'migration_lock.toml', content: `provider = "${kind}"\n` },
    shadowDbInitScript: '',
    migrationDirectories: migrationNames(kind)
      .slice(0, count === undefined ? undefined : Number(count))
      .map((path) => ({
        path,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok',
            value: readFileSync(join(folder, 'migrations', path, 'migration.sql'), 'utf8'),
          },
        },
      })),
  },
  filters: { externalTables: [], externalEnums: [] },
});
console.log(JSON.stringify(appliedMigrationNames));
process.exit(0);

function postgresql(): PrismaPg {
  const factory = new PrismaPg({ connectionString: url });
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    adapter.executeScript = async (script) => {
      await adapter.underlyingDriver().query(script);
    };
    return adapter;
  };
  return factory;
}
