import { type Static, Type } from 'typebox';
import { readStoredBasic } from '../../../engine/credentials/stored/stored-basic.ts';
import type { CredentialsRequest } from '../../../fleet/devices/new-credentials.ts';
import { plainPasswordOf } from '../../../fleet/devices/stored-password.ts';
import type { CredentialsEntry } from '../../../model/device.ts';
import { ThingPassError } from '../../../model/errors.ts';
import { CREDENTIALS_TYPE, UUID } from '../schemas.ts';

// Other members of ThingsBoard's objects are accepted and ignored, as its scripts send back all they were given.
const REFERENCE = Type.Object({ id: UUID });
const TEXT_OR_NULL = Type.Union([Type.String({ maxLength: 65_536 }), Type.Null()]);

export const CREDENTIALS_BODY = Type.Object({
  id: Type.Optional(Type.Union([REFERENCE, Type.Null()])),
  deviceId: Type.Optional(Type.Union([REFERENCE, Type.Null()])),
  credentialsType: CREDENTIALS_TYPE,
  credentialsId: Type.Optional(TEXT_OR_NULL),
  credentialsValue: Type.Optional(TEXT_OR_NULL),
  version: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
});

export type CredentialsBody = Static<typeof CREDENTIALS_BODY>;

export const DEVICE_WITH_CREDENTIALS_BODY = Type.Object({
  device: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 255 }),
    type: Type.Optional(TEXT_OR_NULL),
    label: Type.Optional(TEXT_OR_NULL),
    deviceProfileId: Type.Optional(Type.Union([REFERENCE, Type.Null()])),
    additionalInfo: Type.Optional(
      Type.Union([Type.Object({ gateway: Type.Optional(Type.Boolean()) }), Type.Null()]),
    ),
  }),
  credentials: CREDENTIALS_BODY,
});

export const LOGIN_BODY = Type.Object({ password: Type.String({ maxLength: 1_000 }) });

/**
 * ThingsBoard's credentials as a wish. A password that is not among the members is the one that is there: what was given by
 * this API has none, and sending it back must not open the device to any password.
 * @param before the credentials that are replaced.
 * @throws {ThingPassError} `credentials_invalid`.
 */
export function requestOf(body: CredentialsBody, before: CredentialsEntry | undefined): CredentialsRequest {
  const { credentialsType, credentialsId, credentialsValue } = body;
  switch (credentialsType) {
    case 'ACCESS_TOKEN':
      return { kind: 'access_token', token: credentialsId || undefined };
    case 'X509_CERTIFICATE':
      return { kind: 'x509', certificate: credentialsValue ?? '' };
    case 'MQTT_BASIC': {
      const basic = readStoredBasic(credentialsValue ?? null);
      if (basic === undefined)
        throw invalid('credentialsValue is the JSON text of clientId, userName and password');
      const kept = before === undefined ? undefined : plainPasswordOf(before);
      const given = /"password"\s*:/.test(credentialsValue ?? '') ? basic.password : kept;
      return {
        kind: 'mqtt_basic',
        clientId: basic.clientId ?? undefined,
        userName: basic.userName ?? undefined,
        password: given || null,
      };
    }
    default:
      throw invalid('LwM2M credentials are read from ThingsBoard, but not written here');
  }
}

/**
 * Whether a body says again what is there, with the password that this API never gives left out: then there is nothing to
 * do, and a password that is hashed stays.
 * @throws {ThingPassError} `credentials_invalid` where a hashed password would have to go with another client id or user
 *   name.
 */
export function isUnchanged(body: CredentialsBody, before: CredentialsEntry | undefined): boolean {
  if (before?.credentialsType !== 'MQTT_BASIC' || body.credentialsType !== 'MQTT_BASIC') return false;
  if (before.secrets.length === 0 || /"password"\s*:/.test(body.credentialsValue ?? '')) return false;
  const wanted = readStoredBasic(body.credentialsValue ?? null);
  const stored = readStoredBasic(before.credentialsValue);
  if (wanted?.clientId === stored?.clientId && wanted?.userName === stored?.userName) return true;
  throw invalid('the password is kept as a hash: give it with the new client id or user name');
}

function invalid(why: string): ThingPassError {
  return new ThingPassError('credentials_invalid', why);
}
