import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachOf, testFiles, whyNotUnit } from './files.ts';

test('the unit run has the files that reach out to nothing, by what they import, themselves or through others', () => {
  assert.equal(whyNotUnit('test/util/bounded-map.test.ts'), undefined);
  assert.match(
    whyNotUnit('test/end-to-end/help.test.ts') ?? '',
    /^test\/support\/process\.ts imports node:child_process$/,
  );
  assert.match(whyNotUnit('test/end-to-end/mounted-brokers.test.ts') ?? '', /imports src\/server\/app\.ts$/);
  const files = testFiles();
  const unit = files.filter((file) => whyNotUnit(file) === undefined);
  assert.ok(unit.length > 100 && files.length - unit.length > 100, `${unit.length} of ${files.length}`);
});

test('types that are imported run nothing', () => {
  const { files, others } = reachOf('test/runner/report.ts');
  assert.deepEqual([files, [...others.keys()]], [['test/runner/report.ts'], []]);
});
