import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TemplateNames } from '../../src/brokers/template-names.ts';

/** The names of a body, found or added one behind the other. */
function read(names: TemplateNames, body: string): { found: string[]; added: string[] } {
  const found: string[] = [];
  const added: string[] = [];
  let before = names.start;
  for (const match of body.matchAll(/"([^"]*)":/g)) {
    const seen = names.find(before, body, match.index);
    if (seen === undefined) added.push(match[1] as string);
    else found.push(seen.names.at(-1) as string);
    before = seen ?? names.add(before, match[1] as string);
  }
  assert.deepEqual(
    before.names,
    [...body.matchAll(/"([^"]*)":/g)].map(([, name]) => name),
  );
  return { found, added };
}

test('names are known again behind those before them, and nowhere else', () => {
  const names = new TemplateNames();
  assert.deepEqual(read(names, '"clientid":"username":').added, ['clientid', 'username']);
  assert.deepEqual(read(names, '"clientid":"username":'), { found: ['clientid', 'username'], added: [] });
  assert.deepEqual(read(names, '"username":"clientid":').added, ['username', 'clientid']);
  assert.deepEqual(
    read(names, '"clientid":"user":"username":').added,
    ['user', 'username'],
    'no prefix of another',
  );
  assert.deepEqual(read(names, '"__proto__":').added, ['__proto__']);
  assert.deepEqual(read(names, '"__proto__":').found, ['__proto__']);
});

test('what clients bring takes no more room than it may', () => {
  const names = new TemplateNames();
  read(names, '"clientid":"username":');
  const long = 'n'.repeat(100_000);
  read(names, `"${long}":`);
  assert.deepEqual(read(names, `"${long}":`).added, [long]);
  for (let at = 0; at < 2_000; at++) read(names, `"pasted-${at}":"clientid":`);
  assert.ok(names.start.next.length <= 8, `${names.start.next.length} names begin a body`);
  for (let at = 0; at < 2_000; at++) read(names, `${`"deep-${at % 8}":`.repeat(5)}"clientid":"${at}":`);
  assert.deepEqual(read(names, '"clientid":"username":').found, ['clientid', 'username']);
});
