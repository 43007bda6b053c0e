import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT, testFiles } from './runner/files.ts';

/** Folders of tests that are about more than one folder of `src`, or about none. */
const OF_THEIR_OWN = ['bench', 'documentation', 'end-to-end', 'packages', 'runner', 'support', 'vectors'];

/** Source files as paths below `src`, without their ending. */
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
  .map((file) => file.slice(0, -'.ts'.length));

/** What is wrong with the place of a test file, if anything is. */
function misplaced(file: string): string | undefined {
  const path = file.slice('test/'.length, -'.test.ts'.length);
  if (!path.includes('/') || OF_THEIR_OWN.includes(path.split('/')[0] as string)) return undefined;
  if (sources.includes(path)) return undefined;
  if (!existsSync(join(ROOT, 'src', dirname(path)))) return `${file}: there is no src/${dirname(path)}`;
  const namesakes = sources.filter((source) => basename(source) === basename(path));
  return namesakes.length === 0
    ? undefined
    : `${file} has the name of src/${namesakes.join('.ts, src/')}.ts: it belongs beside it, or has another subject and name`;
}

test('tests lie as what they test does: by the name of its file, or in the mirrored folder by their own subject', () => {
  const files = testFiles();
  const wrong = files.map(misplaced).filter((one) => one !== undefined);
  assert.deepEqual(wrong, []);
  const named = files.filter((file) => sources.includes(file.slice('test/'.length, -'.test.ts'.length)));
  assert.ok(named.length > 140, `${named.length} test files have the name of a source file`);
  assert.match(misplaced('test/util/nowhere/one.test.ts') ?? '', /there is no src\/util\/nowhere/);
  assert.match(misplaced('test/util/decide-topic.test.ts') ?? '', /src\/engine\/access\/decide-topic\.ts/);
});
