import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { apiServer } from '../support/api-server.ts';

const SHA256 = `AB:${'0C:'.repeat(30)}EF`;

onEachDatabase((database) => {
  const server = apiServer(database);
  const call = (...args: Parameters<typeof server.api.call>) => server.api.call(...args);

  test('an entry is put once however it is written, shown, listed and taken away', async () => {
    const path = { kind: 'certificate_sha256', value: SHA256 };
    const first = await call('putDenyEntry', { path, body: { note: 'stolen' } });
    const value = SHA256.replaceAll(':', '').toLowerCase();
    assert.deepEqual([first.status, first.body.value, first.body.note], [201, value, 'stolen']);
    const again = await call('putDenyEntry', { path: { ...path, value }, body: {} });
    assert.deepEqual(
      [again.status, again.body.note, again.body.created],
      [200, undefined, first.body.created],
    );
    assert.deepEqual((await call('getDenyEntry', { path })).body, again.body);
    const race = await Promise.all(
      Array.from({ length: 4 }, () =>
        call('putDenyEntry', { path: { kind: 'certificate_serial', value: '00:0A:ff' }, body: {} }),
      ),
    );
    assert.equal(race.filter(({ status }) => status === 201).length, 1);
    await call('putDenyEntry', { path: { kind: 'device', value: randomUUID().toUpperCase() }, body: {} });

    const kinds: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await call('listDenyEntries', { query: { limit: 1, ...(cursor ? { cursor } : {}) } });
      kinds.push(...body.items.map(({ kind }: { kind: string }) => kind));
      cursor = body.next;
      if (cursor === undefined) break;
    }
    assert.deepEqual(kinds, ['certificate_serial', 'certificate_sha256', 'device']);
    const { body } = await call('listDenyEntries', { query: { kind: 'certificate_serial' } });
    assert.deepEqual(
      body.items.map((one: { value: string }) => one.value),
      ['aff'],
    );
    await call('deleteDenyEntry', { path });
    await server.api.refused('deny_entry_not_found', 'deleteDenyEntry', { path });
    await server.api.refused('deny_entry_not_found', 'getDenyEntry', { path });
    const trail = (await call('listAuditEvents', { query: { subjectType: 'deny_entry' } })).body.items;
    const actions = trail.map(({ action }: { action: string }) => action.split('.')[1]).reverse();
    assert.deepEqual([actions[0], actions[1], actions.at(-1)], ['created', 'updated', 'deleted']);
  });

  test('what is none of its kind is refused', async () => {
    for (const [kind, value] of [
      ['device', 'meter-1'],
      ['certificate_sha256', 'ab'],
      ['certificate_serial', 'xyz'],
      ['certificate_serial', ':'],
    ] as const)
      await server.api.refused('deny_value_invalid', 'putDenyEntry', { path: { kind, value }, body: {} });
    const unknown = { path: { kind: 'client_id', value: 'a' }, body: {} };
    await server.api.refused('request_invalid', 'putDenyEntry', unknown);
  });
});
