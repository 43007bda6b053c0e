/**
 * Writes the migration that leads from the migrations there are to the schema as it is now:
 * `npm run migration -- <kind> <name>`, with kind `sqlite` or `postgresql` and a name such as `add_groups`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrationAdapter } from './adapter.ts';
import { type DatabaseKind, migrationNames, prismaFolder, readMigrations, readSchema } from './files.ts';
import { openSchemaEngine } from './schema-engine.ts';

const [kind, name] = process.argv.slice(2) as [DatabaseKind, string];
if ((kind !== 'sqlite' && kind !== 'postgresql') || !/^[a-z0-9_]+$/.test(name ?? '')) {
  console.error('usage: npm run migration -- <sqlite|postgresql> <name_in_small_letters>');
  process.exit(2);
}

const folder = join(prismaFolder(kind), 'migrations');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'migration_lock.toml'), `provider = "${kind}"\n`);

// The shadow database that the diff is taken against: in memory for SQLite, a database of one's own for PostgreSQL.
const shadow =
  kind === 'sqlite'
    ? ({ kind, file: ':memory:' } as const)
    : ({ kind, url: process.env.SHADOW_DATABASE_URL ?? 'postgresql://localhost/shadow' } as const);
const engine = await openSchemaEngine(readSchema(kind), await migrationAdapter(shadow));
const filters = { externalTables: [], externalEnums: [] };
const result = await engine.diff({
  from: migrationNames(kind).length === 0 ? { tag: 'empty' } : { tag: 'migrations', ...readMigrations(kind) },
  to: { tag: 'schemaDatamodel', files: [readSchema(kind)] },
  script: true,
  exitCode: null,
  filters,
});
const sql = result.stdout ?? '';
if (sql.trim() === '' || sql.includes('This is an empty migration')) {
  console.log('the schema has no changes');
} else {
  const stamp = new Date().toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const target = join(folder, `${stamp}_${name}`);
  mkdirSync(target);
  writeFileSync(join(target, 'migration.sql'), sql);
  console.log(`written: ${target}/migration.sql`);
}
engine.free();
process.exit(0);
