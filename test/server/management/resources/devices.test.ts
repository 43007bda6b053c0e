import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { apiServer } from '../support/api-server.ts';

interface Page {
  readonly items: readonly { readonly id: string; readonly name: string }[];
  readonly next?: string;
}

onEachDatabase((database) => {
  const server = apiServer(database);
  const call = (...args: Parameters<typeof server.api.call>) => server.api.call(...args);
  const create = async (name: string, more: object = {}) =>
    (await call('createDevice', { body: { name, ...more } })).body;

  async function names(query: Record<string, string | number> = {}): Promise<string[]> {
    const found: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await call('listDevices', { query: { ...query, ...(cursor ? { cursor } : {}) } });
      const page = body as Page;
      found.push(...page.items.map(({ name }) => name));
      cursor = page.next;
      if (cursor === undefined) return found;
    }
  }

  test('a device is created, connects, is shown without its secret, and is gone when it is deleted', async () => {
    const { device, secret } = await create('meter-1', { label: 'in the cellar', gateway: true });
    assert.equal(secret.name, 'access token');
    assert.equal(await server.connects({ username: secret.value }), true);
    for (const key of [device.id, device.id.toUpperCase(), 'meter-1']) {
      const { body } = await call('getDevice', { path: { device: key } });
      assert.deepEqual(body, device);
      assert.ok(!JSON.stringify(body).includes(secret.value));
    }
    assert.deepEqual([device.label, device.gateway, device.profile.name], ['in the cellar', true, 'default']);
    await call('deleteDevice', { path: { device: 'meter-1' } });
    await server.api.refused('device_not_found', 'getDevice', { path: { device: device.id } });
    await server.api.refused('device_not_found', 'deleteDevice', { path: { device: device.id } });
  });

  test('a secret that was given is not repeated', async () => {
    const given = await create('chosen', { credentials: { kind: 'access_token', token: 'my-own-token' } });
    assert.equal(given.secret, undefined);
    assert.ok(await server.connects({ username: 'my-own-token' }));
  });

  test('what is taken is refused, and the holder is named with nothing more', async () => {
    const { device } = await create('holder', {
      credentials: { kind: 'access_token', token: 'taken-token' },
    });
    const takenBy = { id: device.id, name: 'holder' };
    const credentials = { kind: 'access_token', token: 'taken-token' };
    const byToken = await server.api.refused('credentials_taken', 'createDevice', {
      body: { name: 'other', credentials },
    });
    const byName = await server.api.refused('name_taken', 'createDevice', { body: { name: 'holder' } });
    for (const { status, body } of [byToken, byName]) {
      assert.equal(status, 409);
      assert.deepEqual(body.takenBy, takenBy);
      assert.ok(!JSON.stringify(body).includes('taken-token'));
    }
    const certificate = goldenBytes('pki/p256.crt.pem').toString();
    await create('by certificate', { credentials: { kind: 'x509', certificate } });
    const again = { name: 'again', credentials: { kind: 'x509', certificate } };
    const byCertificate = await server.api.refused('credentials_taken', 'createDevice', { body: again });
    assert.equal(byCertificate.body.takenBy.name, 'by certificate');
    assert.deepEqual(await names({ name: 'again' }), [], 'nothing of what was refused is left');
  });

  test('putting a device twice is putting it once, and replaces what is not said', async () => {
    const id = randomUUID();
    const path = { device: id };
    const first = await call('putDevice', { path, body: { name: 'put', label: 'one', gateway: true } });
    assert.equal(first.status, 201);
    assert.equal(first.headers.get('location'), `/api/v1/devices/${id}`);
    const again = await call('putDevice', { path, body: { name: 'put', label: 'one', gateway: true } });
    assert.deepEqual([again.status, again.body], [200, first.body]);
    const other = await call('putDevice', { path, body: { name: 'put 2', profile: 'pumps' } });
    assert.deepEqual([other.body.name, other.body.label, other.body.gateway], ['put 2', undefined, false]);
    assert.equal(other.body.profile.name, 'pumps');
    const taken = { path: { device: randomUUID() }, body: { name: 'put 2' } };
    assert.equal((await server.api.refused('name_taken', 'putDevice', taken)).body.takenBy.id, id);
    await Promise.all(
      [1, 2, 3, 4].map(() =>
        call('putDevice', { path: { device: randomUUID() }, body: { name: randomUUID() } }),
      ),
    );
    const raced = randomUUID();
    const race = await Promise.all(
      [1, 2, 3, 4].map(() => call('putDevice', { path: { device: raced }, body: { name: 'raced' } })),
    );
    assert.ok(race.some(({ status }) => status === 201));
    await server.api.refused('name_invalid', 'putDevice', { path, body: { name: ' \t' } });
  });

  test('devices are listed by name, a page at a time, and none is lost or doubled while others come', async () => {
    const wanted = Array.from({ length: 25 }, (_, index) => `page-${String(index).padStart(2, '0')}`);
    for (const name of wanted) await create(name, { profile: 'paged' });
    const found: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page === 0 || cursor !== undefined; page++) {
      const query = { limit: 10, nameStartsWith: 'page-', ...(cursor === undefined ? {} : { cursor }) };
      const { body } = await call('listDevices', { query });
      found.push(...(body as Page).items.map(({ name }) => name));
      cursor = (body as Page).next;
      // Before, at and after the place where the next page begins.
      if (page < 2) for (const place of ['00', '09', '19', '24']) await create(`page-${place}-${page}`);
    }
    assert.equal(new Set(found).size, found.length);
    assert.deepEqual(
      wanted.filter((name) => !found.includes(name)),
      [],
    );
    assert.deepEqual(found, [...found].sort());
    await call('deleteDevice', { path: { device: 'page-10' } });
    assert.deepEqual(
      await names({ limit: 7, profile: 'paged' }),
      wanted.filter((name) => name !== 'page-10'),
    );
  });

  test('every change of a device is in the trail once, with who and from where, and without a secret', async () => {
    const { device, secret } = await create('watched', { label: 'before' });
    await call('putDevice', { path: { device: device.id }, body: { name: 'watched', gateway: true } });
    await server.api.refused('name_taken', 'createDevice', { body: { name: 'watched' } });
    const gone = await Promise.all(
      [1, 2, 3].map(() => server.api.ask('deleteDevice', { path: { device: device.id } })),
    );
    assert.deepEqual(gone.map(({ status }) => status).sort(), [204, 404, 404]);
    const { body } = await call('listAuditEvents', { query: { subjectId: device.id } });
    const events = body.items as { actor: string; origin: string; action: string; detail: object }[];
    assert.deepEqual(
      events.map(({ action }) => action),
      ['device.deleted', 'device.updated', 'device.created'],
    );
    for (const { actor, origin } of events) {
      assert.match(actor, /^api-key:key-\d+$/);
      assert.equal(origin, '127.0.0.1');
    }
    assert.ok(!JSON.stringify(body).includes(secret.value));
  });

  test('a cursor belongs to its listing, and no other text is one', async () => {
    const { next } = (await call('listDevices', { query: { limit: 1 } })).body as Page;
    const trail = (await call('listAuditEvents', { query: { limit: 1 } })).body as Page;
    const forged = (position: unknown) => Buffer.from(JSON.stringify(position)).toString('base64url');
    const hostile = [
      ...['x', '%00', trail.next ?? 'none', (next as string).slice(2), forged({}), forged(['devices'])],
      ...[
        forged(['devices', 'a', 'no id']),
        forged(['devices', 'a\0', randomUUID()]),
        forged(['devices', 1, 2]),
      ],
    ];
    for (const cursor of hostile)
      await server.api.refused('cursor_invalid', 'listDevices', { query: { cursor } });
    for (const part of [2 ** 53, 1.5, 'x', null])
      await server.api.refused('cursor_invalid', 'listAuditEvents', {
        query: { cursor: forged(['audit-events', part]) },
      });
  });

  test('listings are filtered by name, profile, type of credentials and end', async () => {
    await create('Filter_a', { profile: 'filtered', credentials: { kind: 'mqtt_basic', userName: 'fa' } });
    await create('filter%b', { profile: 'filtered' });
    const { device } = await create('filter-c', { profile: 'filtered' });
    const profile = { profile: 'filtered' };
    assert.deepEqual(await names({ name: 'filter%b' }), ['filter%b']);
    assert.deepEqual(await names({ ...profile, nameStartsWith: 'filter' }), ['filter%b', 'filter-c'].sort());
    assert.deepEqual(await names({ nameStartsWith: 'filter%' }), ['filter%b'], 'no wildcards');
    assert.deepEqual(await names({ nameStartsWith: 'Filter_' }), ['Filter_a'], 'case counts');
    assert.deepEqual(await names({ ...profile, credentialsType: 'MQTT_BASIC' }), ['Filter_a']);
    assert.equal((await names({ profile: device.profile.id })).length, 3);
    assert.deepEqual(await names({ profile: 'no such profile' }), []);
    await database.sql(
      'INSERT INTO credentials_window (device_credentials_id, not_after) VALUES (?, ?)',
      device.credentials[0].id,
      Date.parse('2027-03-01'),
    );
    assert.deepEqual(await names({ expiresBefore: '2027-03-02' }), ['filter-c']);
    assert.deepEqual(await names({ expiresBefore: '2027-03-01T00:00:00Z' }), []);
    await server.api.refused('request_invalid', 'listDevices', { query: { expiresBefore: 'tomorrow' } });
    await server.api.refused('request_invalid', 'listDevices', {
      query: { expiresBefore: '2027-02-31T99:00:00Z' },
    });
  });
});
