import { hashGenerated } from '../../src/engine/secrets/generated-secret.ts';
import type { KeepPassword } from '../../src/engine/secrets/keep-password.ts';
import { CredentialsService } from '../../src/fleet/devices/credentials-service.ts';
import { DeviceService } from '../../src/fleet/devices/device-service.ts';
import type { DeviceRepository } from '../../src/storage/repositories/devices/device-repository.ts';

/** Hashes that cost nothing, which the server verifies all the same. */
const keepCheaply: KeepPassword = async (password) => ({ hash: hashGenerated(password) });

/** Devices as commands and the API make them, with cheap hashes. */
export function serviceOf(devices: DeviceRepository): DeviceService {
  return new DeviceService(devices, keepCheaply);
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** What the management's store is opened with. */
export const LIFE = {
  keepPassword: keepCheaply,
  overlapMs: 7 * DAY_MS,
  now: Date.now,
  oneCredentialPerDevice: false,
};

export function credentialsOf(devices: DeviceRepository): CredentialsService {
  return new CredentialsService(devices, LIFE);
}
