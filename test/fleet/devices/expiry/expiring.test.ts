import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Expiring, listExpiring } from '../../../../src/fleet/devices/expiry/expiring.ts';
import type { PrismaClient } from '../../../../src/storage/connections/prisma.ts';
import { ExpiryRepository } from '../../../../src/storage/repositories/credentials/expiry-repository.ts';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { DAY_MS, type LivingDevices, startLivingDevices } from '../../../support/living-devices.ts';
import { openPrisma } from '../../../support/prisma.ts';

const PEM = readFileSync(new URL('../../../golden/pki/rsa2048.crt.pem', import.meta.url), 'utf8');

onEachDatabase((database) => {
  let living: LivingDevices;
  let prisma: PrismaClient;
  let store: ExpiryRepository;
  before(async () => {
    living = await startLivingDevices(database.location);
    prisma = await openPrisma(database.location);
    store = new ExpiryRepository(prisma);
  });
  after(async () => {
    await prisma.$disconnect();
    await living.close();
  });

  const all = async (limit: number, until: number): Promise<Expiring[]> => {
    const found: Expiring[] = [];
    for (;;) {
      const query = { from: living.clock.now, until, after: found.at(-1), limit };
      const page = await listExpiring(store, [authority()], query);
      found.push(...page);
      if (page.length < limit) return found;
    }
  };
  const authority = () => ({
    sha256: 'f'.repeat(64),
    subject: 'CN=Root',
    notAfter: living.clock.now + 3 * DAY_MS,
    usedBy: ['client_ca_file'],
  });

  test('what runs out is listed by its end, page by page, and says whether something else holds', async () => {
    const { now } = living.clock;
    const create = (name: string, request: Parameters<LivingDevices['devices']['create']>[0]['request']) =>
      living.devices.create({ name, profileName: 'default', gateway: false, request });
    await create('rotated', { kind: 'access_token' });
    await living.credentials.rotate('rotated', { overlapMs: DAY_MS });
    await create('password', { kind: 'mqtt_basic', userName: 'password' });
    await living.credentials.rotate('password', { overlapMs: 2 * DAY_MS });
    await create('lonely', { kind: 'access_token' });
    await living.credentials.revoke('lonely');
    await living.credentials.add('lonely', { kind: 'access_token' }, { notAfter: now + 4 * DAY_MS });
    await create('lasting', { kind: 'access_token' });
    const { device } = await create('certified', { kind: 'x509', certificate: PEM });
    const ends = device.credentials[0]?.certificateNotAfter as number;

    for (const limit of [1, 2, 100]) {
      const found = await all(limit, now + 30 * DAY_MS);
      assert.deepEqual(
        found.map(({ kind, endsAt, replaced, device: whose }) => [
          ...[kind, (endsAt - now) / DAY_MS, replaced, whose?.name],
        ]),
        [
          ['credentials', 1, true, 'rotated'],
          ['secret', 2, true, 'password'],
          ['authority', 3, false, undefined],
          ['credentials', 4, false, 'lonely'],
        ],
      );
    }
    const last = (await all(100, ends + 1)).at(-1);
    assert.deepEqual([last?.kind, last?.endsAt, last?.device?.name], ['certificate', ends, 'certified']);
    living.clock.now = now + 4 * DAY_MS + 1;
    assert.deepEqual(
      (await all(100, now + 5 * DAY_MS)).map(({ kind }) => kind),
      [],
    );
  });

  test('the ends of certificates that others saved are read once', async () => {
    await database.sql('DELETE FROM certificate_validity');
    await database.sql(
      "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type, credentials_value) VALUES ('00000000-0000-4000-8000-00000000beef', 1, 'odd', 'X509_CERTIFICATE', 'no certificate')",
    );
    assert.equal(await store.recordMissingValidities(), 2);
    assert.equal(await store.recordMissingValidities(), 0);
    const rows = await database.sql<{ not_after: unknown }>('SELECT not_after FROM certificate_validity');
    assert.equal(rows.filter(({ not_after }) => not_after === null).length, 1);
  });
});
