import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path/posix';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../src', import.meta.url));
const GENERATED = 'storage/generated/';

/** About twenty; a folder that outgrows this is split by subject. */
const MOST_FILES = 24;

/**
 * Files that may be named alike. Elsewhere a name stands for one thing, so that a search for it, or a tab of an editor, leads to
 * one file.
 */
const FAMILIES: readonly { readonly why: string; readonly files: RegExp }[] = [
  {
    why: 'A command, a resource of the management API and a check of doctor are named after their subject, as is the code below them.',
    files: /^(?:commands|server\/management\/resources|tools\/doctor\/checks)\/[^/]+$/,
  },
  {
    why: 'Each folder of a broker has the parts of a dialect under the same names: dialect, fields, request, answer, certificate.',
    files: /^brokers\/(?:[^/]+\/[^/]+|dialect\.ts|fields\.ts)$/,
  },
  {
    why: 'Each product has its configuration written by write.ts and read by check.ts.',
    files: /^tools\/product-config\/[^/]+\/(?:write|check)\.ts$/,
  },
  {
    why: 'What is there for each broker, is in a file of the broker’s name: forms in bodies, sessions at brokers, brokers played back.',
    files: /^(?:engine\/certificates\/forms\/bodies|fleet\/broker-sessions|tools\/broker-simulator)\/[^/]+$/,
  },
  {
    why: 'registry.ts and brokers.ts list what is registered in their folder, plugin.ts and routes.ts are what it adds to Fastify.',
    files: /\/(?:registry|brokers|plugin|routes)\.ts$/,
  },
];

/** Paths below `src/`, without what is generated. */
function sourceFiles(): string[] {
  return readdirSync(SOURCE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/').slice(SOURCE.length + 1))
    .filter((file) => !file.startsWith(GENERATED));
}

function groupedBy(files: readonly string[], keyOf: (file: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) groups.set(keyOf(file), [...(groups.get(keyOf(file)) ?? []), file]);
  return groups;
}

function crowded(files: readonly string[]): string[] {
  return [...groupedBy(files, dirname)].flatMap(([folder, { length }]) =>
    length > MOST_FILES ? [`${folder}: ${length} files`] : [],
  );
}

/** Names of which more than one file is in no family. */
function ambiguous(files: readonly string[]): string[] {
  const alone = files.filter((file) => !FAMILIES.some((family) => family.files.test(file)));
  return [...groupedBy(alone, (file) => basename(file))].flatMap(([, alike]) =>
    alike.length > 1 ? [alike.sort().join(', ')] : [],
  );
}

test(`no folder of src/ has more than ${MOST_FILES} files`, () => {
  const files = sourceFiles();
  assert.ok(files.length > 300, `${files.length} files`);
  assert.deepEqual(crowded(files), []);
  const many = Array.from({ length: MOST_FILES + 1 }, (_, index) => `engine/access/${index}.ts`);
  assert.deepEqual(crowded(many), ['engine/access: 25 files']);
});

test('the root of src/ holds the entry of the command line and the design', () => {
  const root = sourceFiles().filter((file) => !file.includes('/'));
  assert.deepEqual(root.sort(), ['README.md', 'cli.ts']);
});

test('no two files are named alike and mean different things', () => {
  assert.deepEqual(ambiguous(sourceFiles()), []);
  assert.deepEqual(ambiguous(['engine/deep/settings.ts', 'server/settings.ts', 'commands/settings.ts']), [
    'engine/deep/settings.ts, server/settings.ts',
  ]);
  assert.deepEqual(ambiguous(['brokers/emqx/dialect.ts', 'brokers/dialect.ts', 'commands/dialect.ts']), []);
});

test('each family of files that are named alike has more than one member', () => {
  const files = sourceFiles();
  for (const { why, files: pattern } of FAMILIES) {
    const members = files.filter((file) => pattern.test(file));
    const alike = [...groupedBy(files, (file) => basename(file)).values()].filter(
      (group) => group.length > 1 && group.some((file) => members.includes(file)),
    );
    assert.ok(alike.length > 0, `not needed: ${why}`);
  }
});
