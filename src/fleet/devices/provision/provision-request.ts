import { CREDENTIALS_TYPES, type CredentialsType } from '../../../model/device.ts';
import { ThingPassError } from '../../../model/errors.ts';

/** ThingsBoard's provision request (`engine/credentials/thingsboard.md` section 6); absent texts are empty. */
export interface ProvisionRequest {
  readonly deviceName: string;
  readonly provisionDeviceKey: string;
  readonly provisionDeviceSecret: string;
  readonly credentialsType: CredentialsType;
  readonly token: string;
  readonly clientId: string;
  /** All lower case, unlike `userName` in stored credentials. */
  readonly username: string;
  readonly password: string;
  /** A certificate's text, not a hash. */
  readonly hash: string;
  readonly gateway: boolean;
}

/**
 * Reads the parsed JSON of a request. Numbers and booleans become text, as Gson has it; unknown members are ignored.
 * @throws {ThingPassError} `provision_request_unreadable` for what is no object, a required member that is missing, a
 *   structure in the place
 *   of a text, and a type of credentials that does not exist.
 */
export function readProvisionRequest(value: unknown): ProvisionRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ThingPassError('provision_request_unreadable', 'the request is not a JSON object');
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of ['provisionDeviceKey', 'provisionDeviceSecret']) {
    if (!Object.hasOwn(members, name))
      throw new ThingPassError('provision_request_unreadable', `member ${name} is missing`);
  }
  return {
    deviceName: text(members, 'deviceName'),
    provisionDeviceKey: text(members, 'provisionDeviceKey'),
    provisionDeviceSecret: text(members, 'provisionDeviceSecret'),
    credentialsType: credentialsType(text(members, 'credentialsType')),
    token: text(members, 'token'),
    clientId: text(members, 'clientId'),
    username: text(members, 'username'),
    password: text(members, 'password'),
    hash: text(members, 'hash'),
    gateway: text(members, 'gateway').toLowerCase() === 'true',
  };
}

function text(members: Readonly<Record<string, unknown>>, name: string): string {
  const value = Object.hasOwn(members, name) ? members[name] : null;
  if (value === null || value === undefined) return '';
  if (typeof value === 'object')
    throw new ThingPassError('provision_request_unreadable', `member ${name} is not a text`);
  return String(value);
}

function credentialsType(name: string): CredentialsType {
  if (name === '') return 'ACCESS_TOKEN';
  const known = CREDENTIALS_TYPES.find((one) => one === name);
  if (known === undefined) {
    throw new ThingPassError(
      'provision_request_unreadable',
      `member credentialsType must be one of ${CREDENTIALS_TYPES.join(', ')}`,
    );
  }
  return known;
}
