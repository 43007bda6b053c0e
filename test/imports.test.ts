import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../src', import.meta.url));

/** Paths below `src/` of each file, with those that it imports. */
type Imports = ReadonlyMap<string, readonly string[]>;

/** What each file imports of the others: statically, for a type, when it is needed, and as the script of a thread or process. */
function importsByFile(): Imports {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'));
  return new Map(files.map((file) => [file, importsIn(file, readFileSync(join(SOURCE, file), 'utf8'))]));
}

function importsIn(file: string, text: string): string[] {
  const imported = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)];
  const scripts = [...text.matchAll(/new URL\(\s*['`](\.[^'`]+\.(?:ts|js|\$\{\w+\}))['`],\s*import\.meta/g)];
  return [...imported, ...scripts].map(([, path]) =>
    join(dirname(file), (path as string).replace(/(?:js|\$\{\w+\})$/, 'ts')),
  );
}

/** The floors from the top, as `src/README.md` draws them. */
function drawnFloors(): string[] {
  const drawing =
    /```\nsrc\/\n([\s\S]*?)```/.exec(readFileSync(join(SOURCE, 'README.md'), 'utf8'))?.[1] ?? '';
  return [...drawing.matchAll(/^ {2}([\w.-]+)\/? {2,}\S/gm)].map(([, floor]) => floor as string);
}

/** The imports that go up, or to what is on no floor. */
function climbsIn(imports: Imports, floors: readonly string[]): string[] {
  const level = (path: string): number => floors.indexOf(path.split('/')[0] as string);
  return [...imports].flatMap(([file, others]) =>
    others
      .filter((other) => level(file) === -1 || level(other) < level(file))
      .map((other) => `${file} → ${other}`),
  );
}

/** Files that import each other in a circle, if there are any. */
function circleIn(imports: Imports): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    const at = path.indexOf(file);
    if (at !== -1) return [...path.slice(at), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const imported of imports.get(file) ?? []) {
      const circle = visit(imported);
      if (circle.length > 0) return circle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const circle = visit(file);
    if (circle.length > 0) return circle;
  }
  return [];
}

test('an import goes down or stays on its floor', () => {
  const imports = importsByFile();
  assert.ok(imports.size > 300, `${imports.size} files`);
  assert.deepEqual(climbsIn(imports, drawnFloors()), []);
});

test('the floors are drawn in src/README.md, all of them and no others', () => {
  const found = readdirSync(SOURCE).filter((name) => name !== 'README.md');
  assert.deepEqual(drawnFloors().sort(), found.sort());
});

test('an import that goes up is found, in whatever way it is written', () => {
  const floors = ['cli.ts', 'top', 'bottom'];
  const ways = [
    `import { a } from '../top/a.ts';`,
    `import type { a } from '../top/a.ts';`,
    `import {\n  a,\n} from '../top/a.ts';`,
    `export { a } from '../top/a.ts';`,
    `import '../top/a.ts';`,
    `const a = await import('../top/a.ts');`,
    `let a: import('../top/a.ts').A;`,
    `new Worker(new URL('../top/a.js', import.meta.url));`,
    `new URL(\`../top/a.\${extension}\`, import.meta.url);`,
  ];
  for (const way of ways) {
    const imports = new Map([['bottom/b.ts', importsIn('bottom/b.ts', way)]]);
    assert.deepEqual(climbsIn(imports, floors), ['bottom/b.ts → top/a.ts'], way);
  }
  const allowed = new Map([
    ['cli.ts', ['top/a.ts']],
    ['top/a.ts', ['top/deep/c.ts', 'bottom/b.ts']],
    ['top/deep/c.ts', ['top/d.ts']],
    ['bottom/b.ts', []],
  ]);
  assert.deepEqual(climbsIn(allowed, floors), []);
  assert.deepEqual(climbsIn(new Map([['top/a.ts', ['elsewhere/b.ts']]]), floors), [
    'top/a.ts → elsewhere/b.ts',
  ]);
});

test('no files import each other in a circle: each can be read with what stands below it', () => {
  const circle = circleIn(importsByFile());
  assert.deepEqual(circle, [], circle.join(' → '));
  assert.deepEqual(
    circleIn(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ]),
    ),
    ['a', 'b', 'c', 'a'],
  );
  assert.deepEqual(
    circleIn(
      new Map([
        ['a', ['b', 'c']],
        ['b', ['c']],
        ['c', []],
      ]),
    ),
    [],
  );
});
