import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CredentialsRecord } from '../../../src/engine/credentials/credentials-record.ts';
import type { DenyList } from '../../../src/engine/credentials/deny-list.ts';
import type { PrismaClient } from '../../../src/storage/connections/prisma.ts';
import type { Reading } from '../../../src/storage/reading/read-on-change.ts';
import { openStorage, type Storage } from '../../../src/storage/reading/storage.ts';
import {
  copyDenyList,
  copyProfilePolicies,
  type ProfilePolicies,
} from '../../../src/storage/reading/trust-tables.ts';
import { DenyRepository } from '../../../src/storage/repositories/deny-repository.ts';
import { ProfileTrustRepository } from '../../../src/storage/repositories/profiles/profile-trust-repository.ts';
import { openPrisma } from '../../support/prisma.ts';
import { eventually } from '../support/eventually.ts';
import { onEachDatabase } from '../support/on-each-database.ts';

const ACTOR = { name: 'test', origin: 'test' };
const DEVICE = '6a1f3a0e-93f4-4c5e-9d6c-0d6b7a3c1f22';
const PROFILE = '11111111-1111-4111-8111-111111111111';
const RECORD: CredentialsRecord = {
  credentialsId: 't',
  credentialsType: 'ACCESS_TOKEN',
  credentialsValue: null,
  deviceId: DEVICE,
  device: undefined,
  secrets: [],
};

onEachDatabase((database) => {
  // Two, as of two processes.
  const storages: Storage[] = [];
  const denied: Reading<DenyList | undefined>[] = [];
  const policies: Reading<ProfilePolicies>[] = [];
  let prisma: PrismaClient;
  before(async () => {
    for (let count = 0; count < 2; count++) {
      const storage = await openStorage(database.location);
      const parts = { storage, onError: () => undefined };
      storages.push(storage);
      denied.push(await copyDenyList(database.location, parts));
      policies.push(await copyProfilePolicies(database.location, parts));
    }
    prisma = await openPrisma(database.location);
  });
  after(async () => {
    await prisma.$disconnect();
    for (const copy of [...denied, ...policies]) copy.close();
    for (const storage of storages) await storage.close();
  });

  /** Within the second in which changes are to be obeyed. */
  function everywhere(holds: (index: number) => boolean): Promise<void> {
    return eventually(async () => assert.ok(storages.every((_storage, index) => holds(index))));
  }

  test('what is denied is denied by every process, and again when it is not any more', async () => {
    const list = new DenyRepository(prisma);
    assert.ok(
      denied.every((copy) => copy.current() === undefined),
      'an empty list costs nothing',
    );
    await list.put('device', DEVICE, undefined, ACTOR);
    await everywhere((index) => denied[index]?.current()?.denies(RECORD) === 'the device');
    await list.remove('device', DEVICE, ACTOR);
    await everywhere((index) => denied[index]?.current() === undefined);
  });

  test('so are the policies of profiles, and every change is in the audit trail', async () => {
    const repository = new ProfileTrustRepository(prisma);
    await repository.put(PROFILE, { path: 'require', ocsp: 'off' }, ACTOR);
    await everywhere((index) => policies[index]?.current().get(PROFILE)?.path === 'require');
    assert.deepEqual(policies[0]?.current().get(PROFILE), { path: 'require', ocsp: 'off' });
    assert.deepEqual(await repository.list(), [
      { profileId: PROFILE, policy: { path: 'require', ocsp: 'off' } },
    ]);
    await repository.put(PROFILE, { crl: 'warn' }, ACTOR);
    assert.deepEqual(await repository.find(PROFILE), { crl: 'warn' });
    await database.sql("UPDATE profile_trust SET path = 'later_version' WHERE profile_id = ?", PROFILE);
    await everywhere((index) => policies[index]?.current().get(PROFILE)?.path === 'require');
    await repository.put(PROFILE, {}, ACTOR);
    assert.deepEqual(await repository.list(), []);
    await everywhere((index) => policies[index]?.current().size === 0);
    const trail = await prisma.auditEvent.findMany({ where: { subjectId: PROFILE } });
    assert.deepEqual(new Set(trail.map(({ action }) => action)), new Set(['profile.trust_changed']));
    assert.equal(trail.length, 3);
  });
});
