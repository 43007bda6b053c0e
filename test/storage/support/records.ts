import type { CredentialsRecord } from '../../../src/engine/credentials/credentials-record.ts';

/** A token's record, for tests that need no database. */
export function tokenRecord(
  credentialsId: string,
  profileId = 'profile',
  name = 'device',
): CredentialsRecord {
  return {
    credentialsId,
    credentialsType: 'ACCESS_TOKEN',
    credentialsValue: null,
    deviceId: `device of ${credentialsId}`,
    device: {
      id: `device of ${credentialsId}`,
      name,
      tenantId: 'tenant',
      profileId,
      profileName: 'default',
      transportType: 'DEFAULT',
      gateway: false,
      sparkplug: false,
      topics: {},
    },
    secrets: [],
  };
}
