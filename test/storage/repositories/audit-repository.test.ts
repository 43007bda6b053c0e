import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeApiKey } from '../../../src/fleet/devices/api-key.ts';
import type { PrismaClient } from '../../../src/storage/connections/prisma.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { ApiKeyRepository } from '../../../src/storage/repositories/api-key-repository.ts';
import { AuditRepository, auditWrite } from '../../../src/storage/repositories/audit-repository.ts';
import { openPrisma } from '../../support/prisma.ts';
import { onEachDatabase } from '../support/on-each-database.ts';

const actor = { name: 'cli:tester', origin: 'here' };

onEachDatabase((database) => {
  let prisma: PrismaClient;
  before(async () => {
    await migrate(database.location);
    prisma = await openPrisma(database.location);
  });
  after(() => prisma.$disconnect());

  test('an API key is kept as a hash, found, listed, used and revoked, and the trail tells of it', async () => {
    const keys = new ApiKeyRepository(prisma);
    const { key, text } = makeApiKey({
      name: 'line-7',
      scopes: ['read', 'provision'],
      createdTime: 5,
      expiresTime: 9,
    });
    assert.equal(await keys.create(key, actor), true);
    const again = makeApiKey({ name: 'line-7', scopes: ['read'], createdTime: 5 });
    assert.equal(await keys.create(again.key, actor), false, 'the name is taken');
    assert.deepEqual(await keys.find(key.id), { ...key, lastUsedTime: undefined });
    await keys.used(key.id, 77);
    const { hash, ...entry } = key;
    assert.deepEqual(await keys.list(), [{ ...entry, lastUsedTime: 77 }]);
    assert.equal((await keys.revoke('line-7', actor))?.id, key.id);
    assert.equal(await keys.revoke('line-7', actor), undefined);
    assert.equal(await keys.find(key.id), undefined);

    const trail = await new AuditRepository(prisma).list({ limit: 10 });
    assert.deepEqual(
      trail.map(({ action, actor: who, origin, subjectId }) => [action, who, origin, subjectId]),
      [
        ['api_key.revoked', 'cli:tester', 'here', key.id],
        ['api_key.created', 'cli:tester', 'here', key.id],
      ],
    );
    const everything = JSON.stringify(trail);
    for (const secret of [text, text.split('_')[2] as string, hash]) assert.ok(!everything.includes(secret));
  });

  test('events come the latest first, filtered, a page at a time', async () => {
    for (let index = 0; index < 5; index++) {
      const subjectId = `device-${index % 2}`;
      await auditWrite(
        prisma,
        actor,
        { action: 'device.tried', subjectType: 'device', subjectId, detail: { index } },
        index,
      );
    }
    const audit = new AuditRepository(prisma);
    const ofDevice = { subjectType: 'device', subjectId: 'device-0' } as const;
    const first = await audit.list({ ...ofDevice, limit: 2 });
    const rest = await audit.list({ ...ofDevice, limit: 2, before: first[1]?.seq });
    assert.deepEqual(
      [...first, ...rest].map(({ detail }) => detail.index),
      [4, 2, 0],
    );
    assert.equal((await audit.list({ limit: 10, action: 'device.tried', from: 3 })).length, 2);
    assert.deepEqual(await audit.list({ limit: 10, actor: 'nobody' }), []);
  });

  test('a change that is refused leaves no event', async () => {
    const count = (await new AuditRepository(prisma).list({ limit: 100 })).length;
    const keys = new ApiKeyRepository(prisma);
    const { key } = makeApiKey({ name: 'once', scopes: ['read'], createdTime: 5 });
    await keys.create(key, actor);
    await keys.create({ ...key, id: 'another' }, actor);
    assert.equal((await new AuditRepository(prisma).list({ limit: 100 })).length, count + 1);
  });
});
