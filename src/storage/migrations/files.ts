import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';

export type DatabaseKind = 'sqlite' | 'postgresql';

/** `prisma/<kind>` of the package, whether this runs from `src` or from `dist`. */
export function prismaFolder(kind: DatabaseKind): string {
  return fileURLToPath(new URL(`../../../prisma/${kind}`, import.meta.url));
}

export function readSchema(kind: DatabaseKind): { path: string; content: string } {
  const path = join(prismaFolder(kind), 'schema.prisma');
  return { path, content: readFileSync(path, 'utf8') };
}

/** The names of all migrations, oldest first. */
export function migrationNames(kind: DatabaseKind): string[] {
  return readdirSync(join(prismaFolder(kind), 'migrations'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** All migrations as the schema engine wants them. */
export function readMigrations(kind: DatabaseKind): MigrationList {
  const baseDir = join(prismaFolder(kind), 'migrations');
  return {
    baseDir,
    lockfile: {
      path: 'migration_lock.toml',
      content: readFileSync(join(baseDir, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: migrationNames(kind).map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(baseDir, name, 'migration.sql'), 'utf8') },
      },
    })),
  };
}
