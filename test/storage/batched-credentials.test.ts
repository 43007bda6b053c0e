import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchCredentials } from '../../src/storage/batched-credentials.ts';
import { UnreadableRow } from '../../src/storage/credentials-reader.ts';

test('lookups of one turn share one query, and one bad key does not refuse its neighbours', async () => {
  const queries: (readonly string[])[] = [];
  const store = batchCredentials({
    async read(ids) {
      queries.push(ids);
      if (ids.includes('poison')) throw new UnreadableRow('poisoned');
      return new Map();
    },
    async check() {},
    async close() {},
  });
  const lookups = ['a', 'b', 'poison', 'c'].map((id) => store.findByCredentialsIds([id, 'shared']));
  const results = await Promise.allSettled(lookups);
  assert.deepEqual(queries[0], ['a', 'shared', 'b', 'poison', 'c']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
});

test('a database that cannot be asked is not asked again for each', async () => {
  let queries = 0;
  const store = batchCredentials({
    async read() {
      queries++;
      throw new Error('connection refused');
    },
    async check() {},
    async close() {},
  });
  const results = await Promise.allSettled(['a', 'b', 'c'].map((id) => store.findByCredentialsIds([id])));
  assert.ok(results.every(({ status }) => status === 'rejected'));
  assert.equal(queries, 1);
});
