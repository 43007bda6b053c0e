import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { prismaFolder } from '../../../src/storage/migrations/files.ts';
import { postgresqlServer, withoutPostgresql } from '../../support/postgresql.ts';
import { ENGINE_ARGS } from './support/migrated-by.ts';

/** Models, one normalised line per field or attribute, without what only one of the databases has words for. */
function models(kind: 'sqlite' | 'postgresql'): string[] {
  const schema = readFileSync(join(prismaFolder(kind), 'schema.prisma'), 'utf8');
  return schema
    .slice(schema.indexOf('model '))
    .split('\n')
    .map((line) =>
      line
        .replace(/@db\.\w+(\(\d+\))?/, '')
        .replace(/@default\(dbgenerated\("[^\n]*"\)\)/, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');
}

test('both databases have the same models', () => {
  const sqlite = models('sqlite');
  assert.ok(sqlite.filter((line) => line.startsWith('model ')).length >= 12);
  assert.deepEqual(models('postgresql'), sqlite);
});

const SCRIPT = fileURLToPath(new URL('../../../prisma/write-migration.ts', import.meta.url));

async function missing(kind: string, environment: Record<string, string> = {}): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...ENGINE_ARGS, SCRIPT, kind, '--check'],
      {
        env: { ...process.env, ...environment },
      },
    );
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `run: npm run migration -- ${kind} <name>\n${stdout}${stderr}`;
  }
}

test('the migrations of SQLite make the schema, and nothing else', async () => {
  assert.equal(await missing('sqlite'), 'the schema has no changes\n');
});

test('the migrations of PostgreSQL make the schema, and nothing else', {
  skip: await withoutPostgresql(),
}, async () => {
  const environment = { SHADOW_DATABASE_URL: await postgresqlServer() };
  assert.equal(await missing('postgresql', environment), 'the schema has no changes\n');
});
