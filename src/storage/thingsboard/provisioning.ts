import type { KeepPassword } from '../../engine/secrets/keep-password.ts';
import type { ProvisionProfile, ProvisionStore } from '../../fleet/devices/provision/provision-store.ts';
import type { DatabaseClient } from '../connections/prisma.ts';
import { ProvisionRepository } from '../repositories/devices/provision-repository.ts';
import { findProvisionProfile } from '../repositories/profiles/provision-profile.ts';

/**
 * Our provisioning; where credentials are read from ThingsBoard's database as well, with the profiles there in front. Their
 * keys and secrets are known, so that a device hears that it must go to ThingsBoard, and not that there is no such key.
 * Devices are written to our database only.
 */
export async function openProvisioning(
  client: DatabaseClient,
  thingsboard: DatabaseClient | undefined,
  keepPassword?: KeepPassword,
): Promise<ProvisionStore> {
  const own = new ProvisionRepository(await client.open(), keepPassword);
  if (thingsboard === undefined) return own;
  const prisma = await thingsboard.open();
  return {
    async findProfile(key): Promise<ProvisionProfile | undefined> {
      const theirs = await findProvisionProfile(prisma, key);
      return theirs === undefined ? own.findProfile(key) : { ...theirs, readOnly: true };
    },
    findDevice: (tenantId, name) => own.findDevice(tenantId, name),
    createDevice: (device) => own.createDevice(device),
    markProvisioned: (deviceId) => own.markProvisioned(deviceId),
  };
}
