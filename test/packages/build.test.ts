import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { compile } from '../../.config/build.ts';
import { bringUpToDate } from '../../.config/up-to-date.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('a folder that is made', () => {
  let root: string;
  let made: boolean[];
  beforeEach(() => {
    root = temporaryFolder();
    made = [];
    mkdirSync(join(root, 'from/deep'), { recursive: true });
    writeFileSync(join(root, 'from/deep/one'), '1');
    writeFileSync(join(root, 'dependency'), 'version 1');
  });

  /** Copies one file, and fails where its text is "bad", with half of the work done. */
  const update = (): Promise<boolean> =>
    bringUpToDate({
      folder: join(root, 'to'),
      from: [join(root, 'from'), join(root, 'dependency'), join(root, 'never-there')],
      counts: (file) => !file.endsWith('.md'),
      async make(intact) {
        made.push(intact);
        const text = readFileSync(join(root, 'from/deep/one'), 'utf8');
        mkdirSync(join(root, 'to'), { recursive: true });
        writeFileSync(join(root, 'to/one'), text);
        if (text === 'bad') throw new Error('a mistake');
      },
    });

  test('is left alone where nothing changed, whatever the times of its files are', async () => {
    assert.equal(await update(), true);
    utimesSync(join(root, 'from/deep/one'), 1, 1);
    writeFileSync(join(root, 'from/one.md'), 'anything');
    assert.equal(await update(), false);
    assert.deepEqual(made, [false]);
  });

  test('is made again where a source changed, came or went, and where a dependency changed', async () => {
    await update();
    const changes = [
      () => writeFileSync(join(root, 'from/deep/one'), '2'),
      () => writeFileSync(join(root, 'from/two'), '2'),
      () => rmSync(join(root, 'from/two')),
      () => writeFileSync(join(root, 'dependency'), 'version 2'),
      () => writeFileSync(join(root, 'never-there'), ''),
    ];
    for (const change of changes) {
      change();
      assert.equal(await update(), true, String(change));
      assert.equal(await update(), false, String(change));
    }
    assert.deepEqual(made, [false, true, true, true, true, true]);
  });

  test('is made again from nothing where somebody changed or deleted it', async () => {
    await update();
    const changes = [
      () => writeFileSync(join(root, 'to/one'), 'other'),
      () => rmSync(join(root, 'to/one')),
      () => writeFileSync(join(root, 'to/more'), ''),
      () => rmSync(join(root, 'to'), { recursive: true }),
      () => writeFileSync(join(root, 'to/.made.json'), '{"from":'),
    ];
    for (const change of changes) {
      change();
      assert.equal(await update(), true, String(change));
      assert.equal(readFileSync(join(root, 'to/one'), 'utf8'), '1');
      rmSync(join(root, 'to/more'), { force: true });
      await update();
    }
    assert.ok(!made.includes(true));
  });

  test('is made again from nothing after an attempt that failed, though the sources are what they were before', async () => {
    await update();
    writeFileSync(join(root, 'from/deep/one'), 'bad');
    await assert.rejects(update, /a mistake/);
    await assert.rejects(update, /a mistake/);
    writeFileSync(join(root, 'from/deep/one'), '1');
    assert.equal(await update(), true);
    assert.equal(readFileSync(join(root, 'to/one'), 'utf8'), '1');
    assert.deepEqual(made, [false, true, false, false]);
  });
});

test('dist follows src: what is gone there is gone here, what is damaged is repaired, mistakes are told', async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'src/deep'), { recursive: true });
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023'],
    types: [],
    module: 'NodeNext',
    rewriteRelativeImportExtensions: true,
    rootDir: 'src',
    outDir: 'dist',
    incremental: true,
    tsBuildInfoFile: 'dist/.tsbuildinfo',
  };
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'tsconfig.build.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  writeFileSync(
    join(root, 'src/cli.ts'),
    "import { one } from './deep/one.ts';\nexport const two: number = one + 1;\n",
  );
  writeFileSync(join(root, 'src/deep/one.ts'), 'export const one = 1;\n');
  writeFileSync(join(root, 'src/deep/other.ts'), 'export const other = 1;\n');
  const built = (file: string): string => join(root, 'dist', file);

  assert.equal(await compile(root), true);
  assert.ok(statSync(built('cli.js')).mode & 0o100, 'the command can be run');
  assert.equal(await compile(root), false);

  rmSync(join(root, 'src/deep/other.ts'));
  rmSync(built('deep/one.js'));
  assert.equal(await compile(root), true);
  assert.ok(!existsSync(built('deep/other.js')));
  assert.match(readFileSync(built('deep/one.js'), 'utf8'), /one = 1/);

  writeFileSync(join(root, 'src/deep/one.ts'), "export const one = 'text';\n");
  await assert.rejects(() => compile(root), /tsc failed:\n.*cli\.ts.*not assignable/);
  await assert.rejects(() => compile(root), /tsc failed/, 'and told again');
  writeFileSync(join(root, 'src/deep/one.ts'), 'export const one = 2;\n');
  assert.equal(await compile(root), true);
  assert.match(readFileSync(built('deep/one.js'), 'utf8'), /one = 2/);
});
