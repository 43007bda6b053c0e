import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrate } from '../../../../src/storage/migrations/apply.ts';
import { ImportRepository } from '../../../../src/storage/repositories/import/import-repository.ts';
import { findUnusablePatterns } from '../../../../src/storage/repositories/profiles/chain-profiles.ts';
import { openPrisma } from '../../../support/prisma.ts';
import { onEachDatabase } from '../../support/on-each-database.ts';

const TENANT = '00000000-0000-4000-8000-000000000001';
const LOOKING_AHEAD = '(?<n>unit)(?=-77)';

function profileData(certificateRegExPattern?: string) {
  return { provisionConfiguration: { type: 'X509_CERTIFICATE_CHAIN', certificateRegExPattern } };
}

onEachDatabase((database) => {
  test('profiles are named whose pattern cannot be used, and none like them is imported', async (t) => {
    await migrate(database.location);
    const prisma = await openPrisma(database.location);
    t.after(() => prisma.$disconnect());
    for (const [index, [name, provisionType, pattern]] of (
      [
        ['good', 'X509_CERTIFICATE_CHAIN', '(.*)'],
        ['looks ahead', 'X509_CERTIFICATE_CHAIN', LOOKING_AHEAD],
        ['no pattern', 'X509_CERTIFICATE_CHAIN', undefined],
        ['off', 'DISABLED', '('],
      ] as const
    ).entries()) {
      await prisma.deviceProfile.create({
        data: {
          id: `44444444-4444-4444-8444-44444444444${index}`,
          createdTime: 1n,
          name,
          provisionType,
          tenantId: TENANT,
          profileData: profileData(pattern),
        },
      });
    }
    assert.deepEqual(await findUnusablePatterns(prisma), [
      {
        profile: 'looks ahead',
        problem: 'looking ahead or behind, such as (?=…) or (?<!…), is not supported',
      },
      { profile: 'no pattern', problem: 'it has no pattern' },
    ]);

    const imports = new ImportRepository(prisma, database.location.kind, { name: 'test', origin: 'here' });
    const brought = {
      id: '55555555-5555-4555-8555-555555555555',
      name: 'brought',
      transportType: 'MQTT',
      provisionType: 'X509_CERTIFICATE_CHAIN',
      provisionDeviceKey: 'brought',
      profileData: profileData(LOOKING_AHEAD),
    } as const;
    for (const dry of [true, false]) {
      assert.match(
        `${await imports.importProfile(brought, dry)}`,
        /the pattern of the device profile brought cannot be used: looking ahead/,
      );
    }
    assert.equal(await prisma.deviceProfile.count({ where: { name: 'brought' } }), 0);
  });
});
