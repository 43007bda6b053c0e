import { profileFilter } from '../../engine/access/profile-filter.ts';
import { readTopicFilter } from '../../engine/access/topic.ts';
import { inspectCertificate } from '../../engine/certificates/x509/inspect.ts';
import { problemOfPattern } from '../../engine/credentials/certificate/java-regex.ts';
import { generate } from '../../engine/secrets/generate.ts';
import type { TransportType } from '../../model/device.ts';
import { isDeviceName } from '../../model/device-name.ts';
import { ThingPassError } from '../../model/errors.ts';
import { isPublicAuthority, profileCertificate } from './profile-certificate.ts';

const PROVISION_TYPES = [
  'DISABLED',
  'ALLOW_CREATE_NEW_DEVICES',
  'CHECK_PRE_PROVISIONED_DEVICES',
  'X509_CERTIFICATE_CHAIN',
] as const;

export type ProvisionType = (typeof PROVISION_TYPES)[number];

/** How somebody wants devices of a profile to be provisioned (`engine/credentials/thingsboard.md` sections 4.4 and 6). */
export type ProvisioningRequest =
  | { readonly type: 'DISABLED' }
  | {
      readonly type: 'ALLOW_CREATE_NEW_DEVICES' | 'CHECK_PRE_PROVISIONED_DEVICES';
      /** Made, or kept as they are, where absent. */
      readonly key?: string | undefined;
      readonly secret?: string | undefined;
    }
  | {
      readonly type: 'X509_CERTIFICATE_CHAIN';
      /** PEM; of several certificates the first is the one that admits. */
      readonly certificate: string;
      /** Java's regular expression, searched in the common name; group 1 is the device's name. */
      readonly pattern: string;
      readonly allowCreate: boolean;
    };

export interface ProfileRequest {
  readonly name: string;
  readonly description?: string | undefined;
  readonly transportType: TransportType;
  readonly mqtt?: ProfileMqtt | undefined;
  readonly provisioning: ProvisioningRequest;
}

/** ThingsBoard's MQTT settings (section 9.2); absent topics are its defaults. */
export interface ProfileMqtt {
  readonly telemetryTopic?: string | undefined;
  readonly attributesTopic?: string | undefined;
  readonly attributesSubscribeTopic?: string | undefined;
  readonly sparkplug?: boolean | undefined;
}

/** What provisioning a profile has, as it is stored. */
export interface StoredProvisioning {
  readonly type: ProvisionType;
  /** `provision_device_key`. */
  readonly key: string | null;
  /** `provisionConfiguration` of the profile's data. */
  readonly configuration: Readonly<Record<string, string | boolean>>;
  /** Made just now, to be shown once. */
  readonly made?: string | undefined;
}

/**
 * What of a wish keeps a profile from ever doing what it says.
 * @throws {ThingPassError} `profile_invalid` or `name_invalid`.
 */
export function checkProfile({ name, transportType, mqtt }: ProfileRequest): void {
  if (!isDeviceName(name))
    throw new ThingPassError('name_invalid', 'a profile’s name is not blank and has no control characters');
  if (mqtt === undefined) return;
  if (transportType !== 'MQTT')
    throw invalid('ThingsBoard reads the MQTT settings of profiles of the transport type MQTT only');
  const { telemetryTopic, attributesTopic, attributesSubscribeTopic } = mqtt;
  for (const topic of [telemetryTopic, attributesTopic, attributesSubscribeTopic]) {
    if (topic !== undefined && (readTopicFilter(topic) === undefined || profileFilter(topic) === undefined))
      throw invalid('a topic is no MQTT filter, or one that ThingsBoard’s matcher could not use');
  }
}

/**
 * The provisioning to store for a wish.
 * @param before what is stored already, of which the key and secret stay where none are given.
 * @throws {ThingPassError} `profile_invalid` for what cannot be honoured: ThingsBoard saves much that then admits nobody.
 */
export function storeProvisioning(
  request: ProvisioningRequest,
  before: StoredProvisioning | undefined,
): StoredProvisioning {
  switch (request.type) {
    case 'DISABLED':
      return { type: request.type, key: null, configuration: { type: request.type } };
    case 'X509_CERTIFICATE_CHAIN':
      return storeChain(request);
    default: {
      const { type } = request;
      const kept = before !== undefined && hasSecret(before.type) ? before : undefined;
      const keptSecret = kept?.configuration.provisionDeviceSecret;
      const known = request.secret ?? (typeof keptSecret === 'string' ? keptSecret : undefined);
      const secret = known ?? generate('provision_key');
      return {
        type,
        key: request.key ?? kept?.key ?? generate('provision_key'),
        configuration: { type, provisionDeviceSecret: secret },
        made: known === undefined ? secret : undefined,
      };
    }
  }
}

function storeChain(request: ProvisioningRequest & { type: 'X509_CERTIFICATE_CHAIN' }): StoredProvisioning {
  const { type, certificate, pattern, allowCreate } = request;
  const problem = problemOfPattern(pattern);
  if (problem !== undefined) throw invalid(`the pattern cannot be used: ${problem}`);
  const { storedProvisionDeviceSecret, provisionDeviceKey } = profileCertificate(certificate);
  if (isPublicAuthority(provisionDeviceKey))
    throw invalid('the certificate is that of a public authority, under which anybody can get one');
  if (!isCertificate(storedProvisionDeviceSecret)) throw invalid('the certificate cannot be read');
  return {
    type,
    key: provisionDeviceKey,
    configuration: {
      type,
      provisionDeviceSecret: storedProvisionDeviceSecret,
      certificateRegExPattern: pattern,
      allowCreateNewDevicesByX509Certificate: allowCreate,
    },
  };
}

/** Several certificates stay PEM blocks; one is its bare Base64. */
function isCertificate(stored: string): boolean {
  const [, first = stored] = /-----BEGIN CERTIFICATE-----\s*(.*?)\s*-----END/.exec(stored) ?? [];
  const der = Buffer.from(first, 'base64');
  if (der.toString('base64') !== first) return false;
  try {
    inspectCertificate(der);
    return true;
  } catch {
    return false;
  }
}

function hasSecret(type: ProvisionType): boolean {
  return type === 'ALLOW_CREATE_NEW_DEVICES' || type === 'CHECK_PRE_PROVISIONED_DEVICES';
}

function invalid(why: string): ThingPassError {
  return new ThingPassError('profile_invalid', why);
}
