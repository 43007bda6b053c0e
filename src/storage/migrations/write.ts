/**
 * Writes the migration that leads from the schema of the last one to the schema as it is now:
 * `npm run migration -- <kind> <name>`, with kind `sqlite` or `postgresql` and a name such as `add_groups`.
 *
 * Every migration written here keeps the schema that it leads to beside its SQL, and the next one starts from that. A
 * shadow database would have to be made and read back, which the engine cannot do through either driver: SQLite's in
 * memory is one per connection, and PostgreSQL's catalog has types that the driver does not pass on.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseLocation } from '../connections/database-url.ts';
import { migrationAdapter } from './adapter.ts';
import { type DatabaseKind, migrationNames, prismaFolder, readSchema } from './files.ts';
import { openSchemaEngine } from './schema-engine.ts';

const [kind, name] = process.argv.slice(2) as [DatabaseKind, string];
if ((kind !== 'sqlite' && kind !== 'postgresql') || !/^[a-z0-9_]+$/.test(name ?? '')) {
  console.error('usage: npm run migration -- <sqlite|postgresql> <name_in_small_letters>');
  process.exit(2);
}

const folder = join(prismaFolder(kind), 'migrations');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'migration_lock.toml'), `provider = "${kind}"\n`);

const schema = readSchema(kind);
const before = migrationNames(kind)
  .map((migration) => join(folder, migration, 'schema.prisma'))
  .findLast((file) => existsSync(file));
// The engine wants a database of the kind, which it only asks for its version.
const any: DatabaseLocation =
  kind === 'sqlite'
    ? { kind, file: ':memory:' }
    : { kind, url: process.env.SHADOW_DATABASE_URL ?? 'postgresql://postgres@127.0.0.1:5432/postgres' };
const engine = await openSchemaEngine(schema, await migrationAdapter(any));
const result = await engine.diff({
  from:
    before === undefined
      ? { tag: 'empty' }
      : { tag: 'schemaDatamodel', files: [{ path: before, content: readFileSync(before, 'utf8') }] },
  to: { tag: 'schemaDatamodel', files: [schema] },
  script: true,
  exitCode: null,
  filters: { externalTables: [], externalEnums: [] },
});
// Making a schema needs a right that the user of an existing one need not have.
const sql = (result.stdout ?? '').replace(/^-- CreateSchema\nCREATE SCHEMA [^\n]*\n\n/, '');
if (sql.trim() === '' || sql.includes('This is an empty migration')) {
  console.log('the schema has no changes');
} else {
  const stamp = new Date().toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const target = join(folder, `${stamp}_${name}`);
  mkdirSync(target);
  writeFileSync(join(target, 'migration.sql'), sql);
  writeFileSync(join(target, 'schema.prisma'), schema.content);
  console.log(`written: ${target}/migration.sql`);
}
engine.free();
process.exit(0);
