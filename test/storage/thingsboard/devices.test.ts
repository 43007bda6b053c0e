import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CredentialsService } from '../../../src/fleet/devices/credentials-service.ts';
import { DeviceService } from '../../../src/fleet/devices/device-service.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { ThingsBoardDevices } from '../../../src/storage/thingsboard/devices.ts';
import { withoutPostgresql } from '../../support/postgresql.ts';
import { OpenedDevices } from '../../support/prisma.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { type ThingsBoardDatabase, thingsBoardDatabase } from './support/thingsboard-database.ts';

const TENANT = '11111111-0000-4000-8000-000000000001';
const [PROFILE, DEVICE] = [randomUUID(), randomUUID()];

describe('managing devices beside ThingsBoard’s own', { skip: await withoutPostgresql() }, () => {
  let thingsboard: ThingsBoardDatabase;
  let repository: OpenedDevices;
  let devices: DeviceService;
  let credentials: CredentialsService;

  before(async () => {
    thingsboard = await thingsBoardDatabase();
    await thingsboard.fill({
      profiles: [
        {
          id: PROFILE,
          tenantId: TENANT,
          name: 'default',
          transportType: 'DEFAULT',
          provisionType: 'DISABLED',
        },
      ],
      devices: [{ id: DEVICE, tenantId: TENANT, name: 'theirs', deviceProfileId: PROFILE }],
      credentials: [
        {
          deviceId: DEVICE,
          credentialsType: 'ACCESS_TOKEN',
          credentialsId: 'their-token',
          credentialsValue: null,
        },
      ],
    });
    const location = { kind: 'sqlite', file: join(temporaryFolder(), 'own.db') } as const;
    await migrate(location);
    // As the user that may read what is granted and nothing else.
    repository = await OpenedDevices.open(location, {
      thingsboard: new ThingsBoardDevices(thingsboard.location),
    });
    const keepPassword = async () => assert.fail('no passwords here');
    devices = new DeviceService(repository, keepPassword);
    credentials = new CredentialsService(repository, { keepPassword, overlapMs: 0, now: Date.now });
  });
  after(async () => {
    await repository?.close();
    await thingsboard?.drop();
  });

  const token = (text: string) => ({ kind: 'access_token', token: text }) as const;

  test('what would have to be written to ThingsBoard’s tables is refused with that reason', async () => {
    const refused = { code: 'thingsboard_read_only', message: /theirs.*only read/ };
    for (const name of ['theirs', DEVICE, DEVICE.toUpperCase()]) {
      await assert.rejects(credentials.rotate(name, {}), refused);
      await assert.rejects(credentials.revoke(name, {}), refused);
      await assert.rejects(credentials.set(name, token('another-token-for-them')), refused);
      await assert.rejects(devices.remove(name), refused);
    }
    await assert.rejects(devices.get('nobody'), { code: 'device_not_found' });
  });

  test('a token that ThingsBoard’s device has is taken, for a new device and for an old one', async () => {
    const taken = { code: 'credentials_taken', data: { takenBy: { id: DEVICE, name: 'theirs' } } };
    const ours = { name: 'ours', profileName: 'default', gateway: false };
    await assert.rejects(devices.create({ ...ours, request: token('their-token') }), taken);
    await devices.create({ ...ours, request: token('a-token-of-our-own') });
    await assert.rejects(credentials.set('ours', token('their-token')), taken);
    assert.equal((await devices.get('ours')).credentials[0]?.credentialsId, 'a-token-of-our-own');
  });
});
