import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntryList, type Listed } from '../../../src/storage/cache/entry-list.ts';

interface Named extends Listed {
  readonly name: string;
}

function entry(name: string, weight = 1): Named {
  return { name, weight, isUsed: false, older: undefined, newer: undefined };
}

function surplusOf(list: EntryList<Named>): string[] {
  const names: string[] = [];
  for (let gone = list.takeSurplus(); gone !== undefined; gone = list.takeSurplus()) names.push(gone.name);
  return names;
}

test('the oldest goes first, and what was used is spared once', () => {
  const list = new EntryList<Named>(3);
  const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => entry(name)) as [
    Named,
    Named,
    Named,
    Named,
    Named,
  ];
  for (const one of [a, b, c]) list.add(one);
  assert.deepEqual(surplusOf(list), []);
  a.isUsed = true;
  list.add(d);
  assert.deepEqual(surplusOf(list), ['b']);
  list.add(e);
  assert.deepEqual(surplusOf(list), ['c'], 'a went behind d when it was spared');
  assert.equal(list.size, 3);
});

test('what is removed weighs nothing any more, wherever it stood', () => {
  const list = new EntryList<Named>(4);
  const entries = ['a', 'b', 'c', 'd'].map((name) => entry(name));
  for (const one of entries) list.add(one);
  for (const at of [1, 0, 3]) list.remove(entries[at] as Named);
  assert.equal(list.size, 1);
  list.add(entry('heavy', 3));
  assert.deepEqual(surplusOf(list), []);
  list.add(entry('one more'));
  assert.deepEqual(surplusOf(list), ['c']);
});

test('one entry stays, however much it weighs; all used, the oldest goes', () => {
  const list = new EntryList<Named>(2);
  list.add(entry('heavy', 9));
  assert.deepEqual(surplusOf(list), []);
  const used = ['a', 'b'].map((name) => Object.assign(entry(name), { isUsed: true }));
  for (const one of used) list.add(one);
  assert.deepEqual(surplusOf(list), ['heavy']);
  list.add(Object.assign(entry('c'), { isUsed: true }));
  assert.deepEqual(surplusOf(list), ['a']);
});
