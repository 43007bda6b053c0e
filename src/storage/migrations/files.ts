import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type DatabaseKind = 'sqlite' | 'postgresql';

export interface Migration {
  /** The name of its folder, which begins with the time at which it was written. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file in hexadecimal, as Prisma keeps it. */
  readonly checksum: string;
}

/** `prisma/<kind>` of the package, whether this runs from `src` or from `dist`. @internal */
export function prismaFolder(kind: DatabaseKind): string {
  return fileURLToPath(new URL(`../../../prisma/${kind}`, import.meta.url));
}

/** The names of all migrations, oldest first. */
export function migrationNames(kind: DatabaseKind): string[] {
  return readdirSync(join(prismaFolder(kind), 'migrations'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** All migrations, oldest first. */
export function readMigrations(kind: DatabaseKind): readonly Migration[] {
  return migrationNames(kind).map((name) => {
    const file = readFileSync(join(prismaFolder(kind), 'migrations', name, 'migration.sql'));
    return { name, sql: file.toString('utf8'), checksum: createHash('sha256').update(file).digest('hex') };
  });
}
