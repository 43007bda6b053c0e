import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CredentialsStore } from '../../../src/engine/credentials/credentials-record.ts';
import { ThingPassError } from '../../../src/model/errors.ts';
import { inOrder } from '../../../src/storage/cache/in-order.ts';
import { tokenRecord } from '../support/records.ts';

function table(name: string, ids: readonly string[], asked: string[][], later = false): CredentialsStore {
  return {
    findByCredentialsIds(wanted) {
      asked.push([name, ...wanted]);
      const found = new Map(
        wanted.filter((id) => ids.includes(id)).map((id) => [id, tokenRecord(id, 'profile', name)]),
      );
      return later ? Promise.resolve(found) : found;
    },
  };
}

for (const later of [false, true]) {
  test(`an id is the first store’s that has it, ${later ? 'later' : 'at once'}`, async () => {
    const asked: string[][] = [];
    const store = inOrder([table('first', ['a', 'b'], asked, later), table('second', ['b', 'c'], asked)]);
    const detail = store.findByCredentialsIds(['a', 'b', 'c', 'd']);
    assert.equal(detail instanceof Promise, later);
    const found = await detail;
    assert.deepEqual(
      [...found].map(([id, { device }]) => [id, device?.name]),
      [
        ['a', 'first'],
        ['b', 'first'],
        ['c', 'second'],
      ],
    );
    assert.deepEqual(asked, [
      ['first', 'a', 'b', 'c', 'd'],
      ['second', 'c', 'd'],
    ]);
    asked.length = 0;
    await store.findByCredentialsIds(['a']);
    assert.deepEqual(asked, [['first', 'a']], 'nobody else is asked for what was found');
  });
}

function failing(error: Error): CredentialsStore {
  return { findByCredentialsIds: () => Promise.reject(error) };
}

test('a first store that cannot be asked leaves nothing to say', async () => {
  const store = inOrder([failing(new Error('gone')), table('second', ['a'], [])]);
  await assert.rejects(async () => store.findByCredentialsIds(['a']), /gone/);
});

test('where the ids were absent in the first store, a later one may have them; nobody is unknown', async () => {
  const store = inOrder([failing(new ThingPassError('known_absent')), table('second', ['a'], [])]);
  assert.deepEqual([...(await store.findByCredentialsIds(['a'])).keys()], ['a']);
  await assert.rejects(async () => store.findByCredentialsIds(['b']), { code: 'known_absent' });
});

test('what the first store has found stands without the second, unless a row is bad', async () => {
  const first = table('first', ['a'], []);
  const store = inOrder([first, failing(new Error('gone'))]);
  assert.deepEqual([...(await store.findByCredentialsIds(['hash', 'a'])).keys()], ['a']);
  await assert.rejects(async () => store.findByCredentialsIds(['hash']), /gone/);
  const bad = inOrder([first, failing(new ThingPassError('row_unreadable', 'bad'))]);
  await assert.rejects(async () => bad.findByCredentialsIds(['hash', 'a']), { code: 'row_unreadable' });
});
