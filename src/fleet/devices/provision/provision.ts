import { formatCredentials } from '../../../engine/credentials/stored/format.ts';
import { equalsInConstantTime } from '../../../engine/credentials/verify-secret.ts';
import { generate } from '../../../engine/secrets/generate.ts';
import { DENY_REASONS } from '../../../model/decision.ts';
import type { CredentialsType } from '../../../model/device.ts';
import { isDeviceName } from '../../../model/device-name.ts';
import { isThingPassError } from '../../../model/errors.ts';
import { javaTrim } from '../java-trim.ts';
import { type ProvisionRequest, readProvisionRequest } from './provision-request.ts';
import type { ProvisionCredentials, ProvisionProfile, ProvisionStore } from './provision-store.ts';

/** `status` as ThingsBoard says it; `NO_RESPONSE` where it never answers at all (`engine/credentials/thingsboard.md` section 6). */
export type ProvisionResponse =
  | {
      readonly status: 'SUCCESS';
      readonly credentialsType: CredentialsType;
      /** The token, the certificate, or the JSON text of the others. */
      readonly credentialsValue: string | null;
    }
  | {
      readonly status: 'FAILURE' | 'NOT_FOUND';
      readonly errorMsg: string;
      /** A stable code for what ThingsBoard has no word for. */
      readonly code?: 'thingsboard_read_only';
    }
  | { readonly status: 'NO_RESPONSE' };

const NOT_FOUND: ProvisionResponse = refusal('NOT_FOUND', 'Provision data was not found!');
const FAILURE: ProvisionResponse = refusal('FAILURE', 'Failed to provision device!');
const READ_ONLY: ProvisionResponse = Object.freeze({
  status: 'FAILURE',
  errorMsg: DENY_REASONS.thingsboard_read_only,
  code: 'thingsboard_read_only',
});
const NO_RESPONSE: ProvisionResponse = Object.freeze({ status: 'NO_RESPONSE' });

/**
 * Provisions a device, or claims one that waits for it, as ThingsBoard does (`engine/credentials/thingsboard.md` section 6). The
 * order of the checks is ThingsBoard's: a name of blanks fails before the key is looked at, and a wrong secret is answered
 * like an unknown key.
 * @param request the request's JSON, parsed; whatever it is.
 * @throws whatever the store throws: not being able to ask is no answer.
 */
export async function provision(request: unknown, store: ProvisionStore): Promise<ProvisionResponse> {
  let read: ProvisionRequest;
  try {
    read = readProvisionRequest(request);
  } catch (error) {
    if (isThingPassError(error, 'provision_request_unreadable')) return refusal('FAILURE', error.message);
    throw error;
  }
  const name = javaTrim(read.deviceName);
  if (read.deviceName !== '' && name === '') return FAILURE;
  const { provisionDeviceKey: key, provisionDeviceSecret: secret } = read;
  if (key === '' || secret === '' || !isText(key) || !isText(secret)) return NOT_FOUND;
  const profile = await store.findProfile(key);
  if (!profile?.provisionDeviceSecret) return NOT_FOUND;

  const secretIsRight = equalsInConstantTime(profile.provisionDeviceSecret, secret);
  switch (profile.provisionType) {
    case 'ALLOW_CREATE_NEW_DEVICES':
      if (!secretIsRight) return NOT_FOUND;
      return profile.readOnly ? READ_ONLY : create(name, read, profile, store);
    case 'CHECK_PRE_PROVISIONED_DEVICES':
      if (!secretIsRight) return NOT_FOUND;
      return profile.readOnly ? READ_ONLY : claim(name, profile, store);
    case 'X509_CERTIFICATE_CHAIN':
      // Meant as a refusal, but ThingsBoard knows no such status, and the request ends in a timeout.
      return NO_RESPONSE;
    default:
      return NOT_FOUND;
  }
}

/** A device that waits for it; its credentials are its own, those of the request do not count. */
async function claim(
  name: string,
  profile: ProvisionProfile,
  store: ProvisionStore,
): Promise<ProvisionResponse> {
  if (!isDeviceName(name)) return FAILURE;
  const device = await store.findDevice(profile.tenantId, name);
  if (device === undefined || device.profileId !== profile.id) return FAILURE;
  if (device.provisionState !== undefined || device.credentials === undefined) return FAILURE;
  // Of two at once, one is the first to write the state.
  const marked = await store.markProvisioned(device.id);
  return marked ? success(device.credentials) : FAILURE;
}

/** A new device. The store writes all of it or nothing; a name or credentials id that another has meanwhile is a failure. */
async function create(
  wanted: string,
  request: ProvisionRequest,
  profile: ProvisionProfile,
  store: ProvisionStore,
): Promise<ProvisionResponse> {
  const name = wanted === '' ? generate('access_token') : wanted;
  if (!isDeviceName(name)) return FAILURE;
  if ((await store.findDevice(profile.tenantId, name)) !== undefined) return FAILURE;
  const credentials = credentialsFor(request);
  if (credentials === undefined) return FAILURE;
  const created = await store.createDevice({
    name,
    profile,
    additionalInfo: request.gateway ? '{"gateway":true}' : undefined,
    credentials,
  });
  return created ? success(credentials) : FAILURE;
}

/**
 * The credentials of a new device: a random token, unless any member brings a part of others, of which type ever.
 * @returns `undefined` for those that could not be saved (section 2).
 */
function credentialsFor(request: ProvisionRequest): ProvisionCredentials | undefined {
  const { credentialsType, token, clientId, username, password, hash } = request;
  if (!token && !clientId && !username && !password && !hash) {
    const credentialsId = generate('access_token');
    return { credentialsType: 'ACCESS_TOKEN', credentialsId, credentialsValue: null };
  }
  const given = [token, clientId, username, password, hash].every(isText);
  if (!given) return undefined;
  const formatted = formatCredentials({
    credentialsType,
    credentialsId: credentialsType === 'ACCESS_TOKEN' ? token : null,
    credentialsValue: valueFor(request),
  });
  if (!formatted.ok) return undefined;
  const { credentialsId, credentialsValue } = formatted;
  return { credentialsType, credentialsId, credentialsValue };
}

/** No LwM2M body can be given here, so those fail to be saved. */
function valueFor({ credentialsType, clientId, username, password, hash }: ProvisionRequest): string | null {
  switch (credentialsType) {
    case 'MQTT_BASIC':
      return JSON.stringify({ clientId, userName: username, password });
    case 'X509_CERTIFICATE':
      return hash;
    default:
      return null;
  }
}

function success({
  credentialsType,
  credentialsId,
  credentialsValue,
}: ProvisionCredentials): ProvisionResponse {
  const value = credentialsType === 'ACCESS_TOKEN' ? credentialsId : credentialsValue;
  return { status: 'SUCCESS', credentialsType, credentialsValue: value };
}

function refusal(status: 'FAILURE' | 'NOT_FOUND', errorMsg: string): ProvisionResponse {
  return Object.freeze({ status, errorMsg });
}

/** What a database can hold: PostgreSQL refuses NUL, and an unpaired surrogate becomes another text on its way. */
function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
