import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../src/engine/credentials/verify-secret.ts';
import type { DeviceRepository } from '../../../src/storage/repositories/devices/device-repository.ts';

/** Ten milliseconds or more for each. */
const ITERATIONS = 20_000;

export const slowUser = (index: number): string => `user-${index}`;
export const slowPassword = (index: number): string => `password-${index}`;

/** Makes devices with passwords that take long to check. */
export async function createSlowPasswords(devices: DeviceRepository, count: number): Promise<void> {
  // Each has a hash of its own: what was checked once is remembered.
  const hashes = await Promise.all(Array.from({ length: count }, (_, index) => hashOf(slowPassword(index))));
  for (const [index, hash] of hashes.entries()) {
    const userName = slowUser(index);
    const credentials = {
      credentialsType: 'MQTT_BASIC',
      credentialsId: userName,
      credentialsValue: JSON.stringify({ userName, password: PASSWORD_KEPT_ELSEWHERE }),
      secrets: [{ hash }],
    } as const;
    await devices.create({ name: userName, profileName: 'default', credentials });
  }
}

/** As mosquitto-go-auth keeps passwords. */
async function hashOf(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await promisify(pbkdf2)(password, salt, ITERATIONS, 64, 'sha512');
  return `PBKDF2$sha512$${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}`;
}
