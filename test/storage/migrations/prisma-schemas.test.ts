import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrationNames, prismaFolder, readSchema } from '../../../src/storage/migrations/files.ts';

/** Models, one normalised line per field or attribute, without what only one of the databases has words for. */
function models(kind: 'sqlite' | 'postgresql'): string[] {
  return readSchema(kind)
    .content.slice(readSchema(kind).content.indexOf('model '))
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

test('the last migration of each database that keeps its schema leads to the schema', () => {
  for (const kind of ['sqlite', 'postgresql'] as const) {
    const folder = join(prismaFolder(kind), 'migrations');
    const kept = migrationNames(kind).flatMap((name) => {
      try {
        return [readFileSync(join(folder, name, 'schema.prisma'), 'utf8')];
      } catch {
        return [];
      }
    });
    assert.equal(kept.at(-1), readSchema(kind).content, `run: npm run migration -- ${kind} <name>`);
  }
});
