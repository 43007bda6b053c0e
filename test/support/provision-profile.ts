import Database from 'libsql';
import type { DatabaseLocation } from '../../src/storage/connections/database-url.ts';
import { serviceOf } from './device-service.ts';
import { OpenedDevices } from './prisma.ts';

/** A profile `pumps` whose devices provision themselves, and a first device of it. */
export async function makeProvisionProfile(
  location: DatabaseLocation,
  { type = 'ALLOW_CREATE_NEW_DEVICES', key = 'key-1', secret = 'secret-1' } = {},
): Promise<void> {
  if (location.kind !== 'sqlite') throw new Error('an SQLite file is wanted');
  const devices = await OpenedDevices.open(location);
  const request = { kind: 'access_token' } as const;
  await serviceOf(devices).create({ name: 'first', profileName: 'pumps', gateway: false, request });
  await devices.close();
  const direct = new Database(location.file, { timeout: 1_000 });
  direct
    .prepare(
      "UPDATE device_profile SET provision_type = ?, provision_device_key = ?, profile_data = ? WHERE name = 'pumps'",
    )
    .run(type, key, JSON.stringify({ provisionConfiguration: { provisionDeviceSecret: secret } }));
  direct.close();
}
