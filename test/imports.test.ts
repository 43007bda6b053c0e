import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../src', import.meta.url));

/** What each file imports of the others, types too; what is loaded only when it is needed, counts as well. */
function importsByFile(): Map<string, string[]> {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
    .map((name) => join(SOURCE, name));
  return new Map(
    files.map((file) => {
      const found = readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g);
      return [file, [...found].map(([, path]) => resolve(dirname(file), path as string))];
    }),
  );
}

/** Files that import each other in a circle, if there are any. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
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

test('no files import each other in a circle: each can be read with what stands below it', () => {
  const imports = importsByFile();
  assert.ok(imports.size > 300, `${imports.size} files`);
  const circle = circleIn(imports).map((file) => relative(SOURCE, file));
  assert.deepEqual(circle, [], circle.join(' → '));
  const [one, other] = [...imports.keys()] as [string, string];
  assert.notDeepEqual(circleIn(new Map([...imports, [one, [other]], [other, [one]]])), []);
});
