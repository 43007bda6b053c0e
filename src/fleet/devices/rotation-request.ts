import { generate } from '../../engine/secrets/generate.ts';
import type { CredentialsEntry, CredentialsType } from '../../model/device.ts';
import { ThingPassError } from '../../model/errors.ts';
import { type CredentialsRequest, refuseEmptyPassword, type ShownSecret } from './new-credentials.ts';

/** What credentials are to be rotated to; tokens and passwords are made when they are not given. */
export interface RotationRequest {
  /** Of which type, where the device has several. */
  readonly type?: CredentialsType | undefined;
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  readonly certificate?: string | undefined;
}

/** @throws {ThingPassError} `credentials_invalid` for an empty one. */
export function newPassword({ password }: RotationRequest): ShownSecret {
  refuseEmptyPassword(password);
  // ThingsBoard's rules for saving; no client can send an unpaired surrogate.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what ThingsBoard refuses
  if (password !== undefined && (/[\0-\x1f\x7f]/.test(password) || !password.isWellFormed()))
    throw invalid('a password has no control characters');
  return { name: 'password', value: password ?? generate('password'), made: password === undefined };
}

/**
 * The successor of a token or a certificate.
 * @throws {ThingPassError} `credentials_invalid` where the wish is for something else, or no certificate was given.
 */
export function requestFor(row: CredentialsEntry, request: RotationRequest): CredentialsRequest {
  switch (row.credentialsType) {
    case 'ACCESS_TOKEN':
      return { kind: 'access_token', token: request.token };
    case 'X509_CERTIFICATE':
      if (request.certificate === undefined)
        throw invalid('a new certificate must be given: it cannot be made here');
      return { kind: 'x509', certificate: request.certificate };
    default:
      throw invalid(`credentials of type ${row.credentialsType} cannot be rotated: set them anew`);
  }
}

const GIVEN_FOR = { token: 'ACCESS_TOKEN', password: 'MQTT_BASIC', certificate: 'X509_CERTIFICATE' } as const;

/**
 * The type that a wish is for, as far as it says.
 * @throws {ThingPassError} `credentials_invalid` where it contradicts itself.
 */
export function typeOf(request: RotationRequest): CredentialsType | undefined {
  const types = (['token', 'password', 'certificate'] as const)
    .filter((part) => request[part] !== undefined)
    .map((part): CredentialsType => GIVEN_FOR[part]);
  if (request.type !== undefined) types.push(request.type);
  if (new Set(types).size > 1) throw invalid('a token, a password and a certificate do not go together');
  return types[0];
}

function invalid(why: string): ThingPassError {
  return new ThingPassError('credentials_invalid', why);
}
