import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Database from 'libsql';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { openPrisma } from '../../support/prisma.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const location = { kind: 'sqlite', file: join(temporaryFolder(), 'devices.db') } as const;
await migrate(location);
const prisma = await openPrisma(location);
after(() => prisma.$disconnect());

const attribute = (key: string) =>
  prisma.serverAttribute.create({ data: { deviceId: 'one', key, value: 'yes' } });

test('many transactions, good and failed ones, share one connection', {
  skip: process.platform === 'linux' ? false : 'open files are counted in /proc',
}, async () => {
  await prisma.$transaction([attribute('before')]);
  const opened = openFiles();
  for (let index = 0; index < 20; index++) {
    await prisma.$transaction([attribute(`good ${index}`), attribute(`other ${index}`)]);
    await assert.rejects(prisma.$transaction([attribute(`lost ${index}`), attribute('before')]));
  }
  assert.equal(openFiles(), opened);
});

test('of a failed transaction nothing stays, and the next one is its own', async () => {
  await assert.rejects(prisma.$transaction([attribute('half'), attribute('before')]));
  await prisma.$transaction([attribute('whole')]);
  assert.equal(await prisma.serverAttribute.count({ where: { key: { in: ['half', 'whole'] } } }), 1);
});

test('what others ask meanwhile waits for the transaction, and is not part of it', async () => {
  const failing = prisma.$transaction([attribute('mine'), attribute('before')]);
  const beside = attribute('beside');
  await assert.rejects(failing);
  await beside;
  assert.equal(await prisma.serverAttribute.count({ where: { key: { in: ['mine', 'beside'] } } }), 1);
});

test('who found the file locked can write as soon as it is free, also after others have written', async () => {
  const other = new Database(location.file);
  other.exec('BEGIN IMMEDIATE');
  await assert.rejects(prisma.$transaction([attribute('locked')]), { code: 'P1008' });
  await assert.rejects(attribute('locked alone'), { code: 'P1008' });
  await prisma.serverAttribute.count();
  other.exec('COMMIT');
  other.exec("INSERT INTO server_attribute (device_id, key, value) VALUES ('other', 'written', 'yes')");
  other.close();
  await prisma.$transaction([attribute('free')]);
  await attribute('free alone');
  assert.equal(await prisma.serverAttribute.count({ where: { key: { startsWith: 'free' } } }), 2);
});

function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(location.file);
    } catch {
      return false;
    }
  }).length;
}
