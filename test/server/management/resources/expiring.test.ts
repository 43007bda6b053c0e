import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { apiServer } from '../support/api-server.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const leaf = goldenBytes('pki/p256.crt.pem').toString();
const root = goldenBytes('pki/root.crt.pem').toString();
/** Longer than anything in there lasts. */
const WITHIN = '5200w';

onEachDatabase((database) => {
  const server = apiServer(database);
  const call = (...args: Parameters<typeof server.api.call>) => server.api.call(...args);

  async function list(query: Record<string, string | number> = {}) {
    const found: Record<string, unknown>[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await call('listExpiring', { query: { ...query, ...(cursor ? { cursor } : {}) } });
      found.push(...body.items);
      cursor = body.next;
      if (cursor === undefined) return found;
    }
  }

  test('tokens, passwords, certificates and authorities are listed by their end, page by page', async () => {
    const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
    const create = (name: string, credentials: object) =>
      call('createDevice', { body: { name, credentials } });
    await create('token', { kind: 'access_token' });
    await call('addCredentials', {
      path: { device: 'token' },
      body: { credentials: { kind: 'access_token', token: 'token-that-must-not-show' }, notAfter: inDays(5) },
    });
    await create('basic', { kind: 'mqtt_basic', userName: 'basic', password: 'password-that-must-not-show' });
    await call('rotateCredentials', { path: { device: 'basic' }, body: { overlapSeconds: 3 * 86_400 } });
    await create('certified', { kind: 'x509', certificate: leaf });
    await call('addCaCertificates', { path: { name: 'edge' }, body: { pem: root } });

    const all = await list({ within: WITHIN });
    assert.deepEqual(
      all.map(({ kind, device, replaced }) => [
        kind,
        (device as { name: string } | undefined)?.name,
        replaced,
      ]),
      [
        ['secret', 'basic', true],
        ['credentials', 'token', true],
        ...(all.at(-1)?.kind === 'authority'
          ? [
              ['certificate', 'certified', false],
              ['authority', undefined, false],
            ]
          : [
              ['authority', undefined, false],
              ['certificate', 'certified', false],
            ]),
      ],
    );
    assert.ok(!JSON.stringify(all).includes('must-not-show'));
    assert.deepEqual(all.find(({ kind }) => kind === 'authority')?.usedBy, ['ca_bundle:edge']);
    for (const limit of [1, 2, 3]) assert.deepEqual(await list({ within: WITHIN, limit }), all);
    const { body } = await call('listDevices', { query: { expiresBefore: '2999-01-01' } });
    assert.deepEqual(
      body.items.map((device: { name: string }) => device.name),
      ['basic', 'certified', 'token'],
    );
    assert.equal((await list()).length, 2);
    assert.equal((await list({ within: '4d' })).length, 1);
    assert.equal((await list({ within: '0' })).length, 0);
  });

  test('what is no length of time, and a cursor that is not ours, are refused', async () => {
    for (const within of ['soon', '-1d', '3', '9999999w'])
      await server.api.refused('request_invalid', 'listExpiring', { query: { within } });
    const written = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    for (const cursor of [
      'x',
      written('devices', 1, 'f'.repeat(64)),
      written('expiring', 'x', 'f'.repeat(64)),
      written('expiring', 1, "'; DROP TABLE device"),
      written('expiring', 1e300, 'f'.repeat(64)),
    ])
      await server.api.refused('cursor_invalid', 'listExpiring', { query: { cursor } });
  });
});
