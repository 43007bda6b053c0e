import type {
  CredentialsRecord,
  CredentialsStore,
  StoredDevice,
} from '../../../src/engine/credentials/credentials-record.ts';
import type { IdentifyContext } from '../../../src/engine/credentials/identify.ts';
import { createPassports } from '../../../src/engine/credentials/passport.ts';
import { createVerifySecret } from '../../../src/engine/credentials/verify-secret.ts';
import type { Allow, Decision, Deny } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import type { ClientClaim, ConnectAttempt } from '../../../src/model/question.ts';

export const NOW = Date.UTC(2026, 5, 1);

export const DEVICE: StoredDevice = {
  id: 'device-1',
  name: 'meter',
  tenantId: 'tenant-1',
  profileId: 'profile-1',
  profileName: 'meters',
  transportType: 'DEFAULT',
  gateway: false,
  sparkplug: false,
  topics: {},
};

export function token(credentialsId: string, changes: Partial<CredentialsRecord> = {}): CredentialsRecord {
  return {
    credentialsId,
    credentialsType: 'ACCESS_TOKEN',
    credentialsValue: null,
    deviceId: DEVICE.id,
    device: DEVICE,
    secrets: [],
    ...changes,
  };
}

/** An MQTT_BASIC record under the id given, whatever its value says. */
export function basic(
  credentialsId: string,
  value: { clientId?: string; userName?: string; password?: string } | string,
  changes: Partial<CredentialsRecord> = {},
): CredentialsRecord {
  return token(credentialsId, {
    credentialsType: 'MQTT_BASIC',
    credentialsValue: typeof value === 'string' ? value : JSON.stringify(value),
    ...changes,
  });
}

export interface WatchedStore extends CredentialsStore {
  /** The ids of each call, in order. */
  readonly calls: (readonly string[])[];
}

export function storeOf(...records: readonly CredentialsRecord[]): WatchedStore {
  const calls: (readonly string[])[] = [];
  return {
    calls,
    async findByCredentialsIds(ids) {
      calls.push(ids);
      return new Map(
        records.filter((one) => ids.includes(one.credentialsId)).map((one) => [one.credentialsId, one]),
      );
    },
  };
}

export const PASSPORTS = createPassports(Buffer.alloc(32, 7));

export function contextOf(store: CredentialsStore, changes: Partial<IdentifyContext> = {}): IdentifyContext {
  return {
    store,
    verifySecret: createVerifySecret(),
    now: () => NOW,
    provisionSessions: false,
    skipCertificateDates: false,
    passports: PASSPORTS,
    certificatesInUse: false,
    ...changes,
  };
}

export function attemptOf(changes: Partial<ConnectAttempt & ClientClaim> = {}): ConnectAttempt & ClientClaim {
  return { broker: 'generic', clientId: '', certificate: NO_CERTIFICATE, ...changes };
}

export function allowed(decision: Decision): Allow {
  if (decision.outcome !== 'allow') throw new Error(JSON.stringify(decision));
  return decision;
}

export function denied(decision: Decision): Deny {
  if (decision.outcome !== 'deny') throw new Error(JSON.stringify(decision));
  return decision;
}
