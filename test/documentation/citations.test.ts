import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './markdown.ts';

/** A comment that names a document: its file, and the sections by number or by title. */
const CITATION = /([\w/.-]*\w\.md)`?(?:,? sections? (\d[\d., and]*)|, "([^"\n]+)")?/g;

const DOCUMENTS = new Map(
  filesBelow('src', '.md')
    .filter((file) => basename(file) !== 'README.md')
    .map((file) => [basename(file), file]),
);

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('generated') && !name.startsWith('golden'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

/** The documents and sections that a text cites and that are not there. */
function wrongCitations(text: string): string[] {
  // A citation may go on in the next line of its comment.
  const flat = text.replaceAll(/\n\s*(?:\*|\/\/+)\s?/g, ' ');
  return [...flat.matchAll(CITATION)].flatMap(([all, path = '', numbers = '', title]) => {
    const file = existsSync(`${ROOT}${path}`) ? path : DOCUMENTS.get(basename(path));
    if (file === undefined) return [all];
    const headings = readFileSync(`${ROOT}${file}`, 'utf8').match(/^#+ .*$/gm) ?? [];
    const isThere = (section: string): boolean =>
      headings.some((heading) => new RegExp(`^#+ ${section.replace('.', '\\.')}\\.?(?: |$)`).test(heading));
    const missing = (numbers.match(/\d+(?:\.\d+)?/g) ?? []).filter((section) => !isThere(section));
    if (title !== undefined && !headings.some((heading) => heading.replace(/^#+ /, '') === title))
      missing.push(title);
    return missing.map((section) => `${all}: ${file} has no section ${section}`);
  });
}

test('what comments cite is there: the document and its section', () => {
  const files = filesBelow('src', '.ts');
  const wrong = files.flatMap((file) =>
    wrongCitations(readFileSync(`${ROOT}${file}`, 'utf8')).map((problem) => `${file}: ${problem}`),
  );
  assert.ok(files.length > 300, `${files.length} files`);
  assert.deepEqual(wrong, []);
});

test('a document, a section or a title that is not there is found, also over two lines', () => {
  assert.deepEqual(wrongCitations('see `emqx.md` section 2.1, and `src/README.md`, "Trust"'), []);
  assert.equal(wrongCitations('/** see `gone.md` section 1. */').length, 1);
  assert.equal(wrongCitations('/**\n * see `emqx.md` section\n * 99. */').length, 1);
  assert.equal(wrongCitations('// see src/README.md, "No such title"').length, 1);
});
