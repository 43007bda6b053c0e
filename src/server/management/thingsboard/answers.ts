import { readStoredBasic } from '../../../engine/credentials/stored/stored-basic.ts';
import type { CredentialsEntry, DeviceEntry } from '../../../model/device.ts';
import { problemOf } from '../problem.ts';

/** ThingsBoard's `ThingsboardErrorCode`, as far as this can happen here. */
const ERROR_CODES: Readonly<Record<number, number>> = {
  400: 31,
  401: 10,
  403: 20,
  404: 32,
  409: 31,
  412: 35,
  422: 31,
  503: 46,
};

/**
 * A refusal as ThingsBoard words it; what it calls a bad request is 400 there, whatever it is here. `undefined` for an error
 * that nobody foresaw.
 */
export function thingsBoardError(error: unknown): { status: number; body: object } | undefined {
  const problem = problemOf(error);
  if (problem.code === 'internal_error') return undefined;
  const code = ERROR_CODES[problem.status] ?? 2;
  const status = code === 31 ? 400 : code === 35 ? 409 : problem.status;
  return { status, body: { status, message: problem.detail, errorCode: code, timestamp: Date.now() } };
}

/** `DeviceCredentials`. The password is left out, in plain text or hashed: the one difference to ThingsBoard's own. */
export function showThingsBoardCredentials(device: DeviceEntry, row: CredentialsEntry) {
  const basic = row.credentialsType === 'MQTT_BASIC' ? readStoredBasic(row.credentialsValue) : undefined;
  return {
    id: { id: row.id },
    createdTime: row.createdTime,
    deviceId: { entityType: 'DEVICE', id: device.id },
    credentialsType: row.credentialsType,
    credentialsId: row.credentialsId,
    credentialsValue:
      basic === undefined
        ? row.credentialsValue
        : JSON.stringify({ clientId: basic.clientId, userName: basic.userName }),
    version: row.version,
  };
}

const NO_CUSTOMER = '13814000-1dd2-11b2-8080-808080808080';

/** `Device`. */
export function showThingsBoardDevice(device: DeviceEntry) {
  return {
    id: { entityType: 'DEVICE', id: device.id },
    createdTime: device.createdTime,
    additionalInfo: device.gateway ? { gateway: true } : null,
    tenantId: { entityType: 'TENANT', id: device.tenantId },
    customerId: { entityType: 'CUSTOMER', id: NO_CUSTOMER },
    name: device.name,
    type: device.profile.name,
    label: device.label ?? null,
    deviceProfileId: { entityType: 'DEVICE_PROFILE', id: device.profile.id },
    version: device.version,
  };
}
