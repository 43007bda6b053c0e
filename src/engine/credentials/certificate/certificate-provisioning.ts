import { randomUUID } from 'node:crypto';
import { isDeviceName } from '../../../model/device-name.ts';
import { isThingPassError } from '../../../model/errors.ts';
import { inspectCertificate } from '../../certificates/x509/inspect.ts';
import { COMMON_NAME, type Name } from '../../certificates/x509/name.ts';
import { generate } from '../../secrets/generate.ts';
import type { CredentialsRecord, StoredDevice } from '../credentials-record.ts';
import type { ChainProfile, ChainProvisioning, LeafCredentials } from './certificate-chain.ts';
import { findFirstGroup } from './java-regex.ts';

/**
 * What admitting a leaf by a profile would do, before it is done: nothing is created or renewed for a client that is then
 * refused. `record` is what the leaf's credentials would be.
 */
export type ProvisioningPlan =
  | {
      readonly kind: 'create' | 'renew' | 'present';
      readonly record: CredentialsRecord;
      /** @returns false where somebody else was first; then nothing was written. */
      readonly carryOut: () => Promise<boolean>;
    }
  | { readonly kind: 'refused'; readonly why: string; readonly device?: StoredDevice | undefined };

/**
 * ThingsBoard's `provisionDeviceViaX509Chain` (`thingsboard.md` section 4.4): the device's name is cut out of the leaf's common
 * name; a device of this name and profile gets the leaf in the place of its certificate, another one is created where the
 * profile allows it.
 * @param id the leaf's credentials id.
 */
export async function planProvisioning(
  leaf: Uint8Array,
  id: string,
  profile: ChainProfile,
  provisioning: ChainProvisioning,
): Promise<ProvisioningPlan> {
  const commonName = commonNameOf(leaf);
  if (commonName === undefined)
    return { kind: 'refused', why: 'the certificate has no common name that can be read' };
  if (profile.pattern === undefined) return { kind: 'refused', why: 'the profile has no pattern' };
  const found = findFirstGroup(profile.pattern, commonName);
  if ('problem' in found) {
    const why = `the profile’s pattern finds no device name in the common name: ${found.problem}`;
    return { kind: 'refused', why };
  }
  // Group 1 that is empty or took no part: the device gets a random name, as in ThingsBoard.
  const name = found.group || generate('access_token');
  if (!isDeviceName(name))
    return { kind: 'refused', why: 'what the pattern finds cannot be a device’s name' };
  const bytes = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength);
  const credentials: LeafCredentials = { credentialsId: id, credentialsValue: bytes.toString('base64') };
  const known = found.group ? await provisioning.findDevice(profile, name) : undefined;
  if (known === undefined) return planCreation(name, credentials, profile, provisioning);

  const { device, credentials: replaced } = known;
  if (replaced?.credentialsType !== 'X509_CERTIFICATE') {
    return { kind: 'refused', why: 'the device has credentials of another type', device };
  }
  const { notBefore, notAfter } = replaced;
  const record = { ...recordOf(device, credentials), notBefore, notAfter };
  // Somebody else has just renewed it, and the caches have not heard of it yet.
  if (replaced.credentialsId === id) return { kind: 'present', record, carryOut: async () => true };
  return { kind: 'renew', record, carryOut: () => provisioning.renew(replaced, credentials) };
}

function commonNameOf(leaf: Uint8Array): string | undefined {
  try {
    return provisioningCommonName(inspectCertificate(leaf).subject);
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return undefined;
    throw error;
  }
}

function planCreation(
  name: string,
  credentials: LeafCredentials,
  profile: ChainProfile,
  provisioning: ChainProvisioning,
): ProvisioningPlan {
  if (!profile.allowCreate)
    return { kind: 'refused', why: 'the profile creates no devices, and no device of this name exists' };
  const id = randomUUID();
  const { tenantId, transportType, sparkplug, topics } = profile;
  const device: StoredDevice = {
    id,
    name,
    tenantId,
    transportType,
    sparkplug,
    topics,
    profileId: profile.id,
    profileName: profile.name,
    gateway: false,
  };
  return {
    kind: 'create',
    record: recordOf(device, credentials),
    carryOut: () => provisioning.create({ id, name, profile, credentials }),
  };
}

function recordOf(device: StoredDevice, credentials: LeafCredentials): CredentialsRecord {
  return { ...credentials, credentialsType: 'X509_CERTIFICATE', deviceId: device.id, device, secrets: [] };
}

/**
 * The common name as ThingsBoard's provisioning reads it (`thingsboard.md` section 4.4): of the first RDN that holds one, the
 * first attribute in encoded order, whatever it is, as text with its specials escaped.
 * @returns `undefined` for a subject without a common name, and for a value that has no text (UniversalString).
 * @internal
 */
export function provisioningCommonName(subject: Name): string | undefined {
  const [first] = subject.find((rdn) => rdn.some(({ oid }) => oid === COMMON_NAME)) ?? [];
  if (first === undefined || first.stringType === 'universalString') return undefined;
  // Of what is no string, the encoding is written as `#` and hex.
  return first.stringType === 'other' ? first.value : escapeValue(first.value);
}

/** Bouncy Castle's `IETFUtils.valueToString`: near to RFC 4514, with `=` escaped and every blank at both ends. */
function escapeValue(value: string): string {
  const [, leading = '', middle = '', trailing = ''] = /^( *)(.*?)( *)$/s.exec(value) ?? [];
  const escaped = middle.replaceAll(/[,"\\+=<>;]/g, '\\$&');
  const blanks = (text: string): string => text.replaceAll(' ', '\\ ');
  return `${blanks(leading)}${value.startsWith('#') ? '\\' : ''}${escaped}${blanks(trailing)}`;
}
