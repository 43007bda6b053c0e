import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { credentialsIdOf } from '../../../../src/engine/certificates/x509/identity.ts';
import type { PrismaClient } from '../../../../src/storage/connections/prisma.ts';
import { migrate } from '../../../../src/storage/migrations/apply.ts';
import { openNames } from '../../../../src/storage/reading/certificate-name-reader.ts';
import { recordMissingNames } from '../../../../src/storage/repositories/credentials/record-missing-names.ts';
import { derOf } from '../../../support/der-of.ts';
import { goldenJson } from '../../../support/golden.ts';
import { openPrisma } from '../../../support/prisma.ts';
import { onEachDatabase } from '../../support/on-each-database.ts';

const { certificates } = goldenJson<{ certificates: Record<string, string> }>(
  'vectors/thingsboard/x509.json',
);

onEachDatabase((database) => {
  const { sql } = database;
  const save = (type: string, credentialsId: string, value: string | null) =>
    sql(
      'INSERT INTO device_credentials (id, created_time, device_id, credentials_type, credentials_id, credentials_value) VALUES (?, 1, ?, ?, ?, ?)',
      ...[randomUUID(), randomUUID(), type, credentialsId, value],
    );
  const count = async (): Promise<number> => (await sql('SELECT * FROM certificate_name')).length;

  let prisma: PrismaClient;
  before(async () => {
    await migrate(database.location);
    prisma = await openPrisma(database.location);
  });
  after(() => prisma.$disconnect());

  test('names of certificates saved by other means are recorded once, and nothing is told to have changed', async () => {
    assert.equal(await recordMissingNames(prisma), 0);
    const names = ['c1', 'c2', 'c3', 'c4', 'c5'];
    for (const name of names) {
      const der = derOf(certificates[name] as string);
      await save('X509_CERTIFICATE', credentialsIdOf(der), der.toString('base64'));
    }
    await save('X509_CERTIFICATE', 'text', 'no certificate');
    await save('X509_CERTIFICATE', 'nothing', null);
    for (let index = 0; index < 1_200; index++) await save('ACCESS_TOKEN', `token-${index}`, null);
    const changes = (await sql('SELECT * FROM change')).length;
    assert.equal(await count(), 0);

    assert.equal(await recordMissingNames(prisma), names.length);
    const recorded = await count();
    assert.ok(recorded >= 3 * names.length);
    assert.equal((await sql('SELECT * FROM change')).length, changes);
    const reader = openNames(database.location, undefined, 5_000);
    const found = await reader.findByCertificate({ by: 'name', value: 'unit-03.devices.example.com' });
    assert.equal(found[0]?.credentialsId, credentialsIdOf(derOf(certificates.c3 as string)));
    await reader.close();

    assert.equal(await recordMissingNames(prisma), 0);
    assert.equal(await count(), recorded);
  });

  test('several that do it at once record each name once', async () => {
    await sql('DELETE FROM certificate_name');
    const clients = await Promise.all([1, 2, 3].map(() => openPrisma(database.location)));
    const recorded = await Promise.all(clients.map((client) => recordMissingNames(client)));
    await Promise.all(clients.map((client) => client.$disconnect()));
    assert.equal(
      recorded.reduce((sum, one) => sum + one, 0),
      5,
    );
    assert.equal(
      new Set(
        (await sql('SELECT device_credentials_id AS id FROM certificate_name')).map(
          (row) => (row as { id: string }).id,
        ),
      ).size,
      5,
    );
  });

  test('it ends when it is told to', async () => {
    assert.equal(await recordMissingNames(prisma, AbortSignal.abort()), 0);
  });
});
