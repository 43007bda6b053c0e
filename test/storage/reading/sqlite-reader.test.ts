import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Database from 'libsql';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { openSqliteReader } from '../../../src/storage/reading/sqlite-reader.ts';
import { OpenedDevices } from '../../support/prisma.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const location = { kind: 'sqlite', file: join(temporaryFolder(), 'devices.db') } as const;
await migrate(location);
const devices = await OpenedDevices.open(location);
const reader = openSqliteReader(location.file);
after(async () => {
  await reader.close();
  await devices.close();
});

async function create(name: string, credentialsId: string): Promise<void> {
  await devices.create({
    name,
    profileName: 'default',
    credentials: { credentialsType: 'ACCESS_TOKEN', credentialsId, credentialsValue: null },
  });
}

test('texts come as they were written, whatever is in them', async () => {
  const texts = ['plain', 'quote " and \\ backslash', 'snow ☃ and 🚪', 'tab\tline\nend', '\u2028', '[]{}'];
  for (const text of texts) await create(`device ${text}`, text);
  const records = await reader.read([...texts, 'not there', 'nul \0']);
  assert.deepEqual(
    texts.map((text) => records.get(text)?.device?.name),
    texts.map((text) => `device ${text}`),
  );
  assert.equal(records.size, texts.length);
});

test('a row with bytes where a text should be is unreadable, and the database is well', async () => {
  await create('with bytes', 'with-bytes');
  const database = new Database(location.file);
  database.exec(
    "UPDATE device_credentials SET credentials_value = x'00ff' WHERE credentials_id = 'with-bytes'",
  );
  database.close();
  await assert.rejects(reader.read(['plain', 'with-bytes']), { code: 'row_unreadable' });
  assert.equal((await reader.read(['plain'])).size, 1);
});
