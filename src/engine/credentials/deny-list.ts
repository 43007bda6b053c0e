import { isThingPassError } from '../../model/errors.ts';
import { BoundedMap } from '../../util/bounded-map.ts';
import { sha256Of } from '../certificates/x509/identity.ts';
import { inspectCertificate } from '../certificates/x509/inspect.ts';
import type { CredentialsRecord } from './credentials-record.ts';

/** What is denied whatever it proves; immutable, so that another takes its place. */
export interface DenyList {
  /** In words, what of the credentials is on the list: the device, or the certificate that is saved for it. */
  denies(record: CredentialsRecord): string | undefined;
  /** The same of certificates that a client presents, the authorities that it brings along included. */
  deniesCertificates(ders: readonly Uint8Array[], ids: readonly string[]): string | undefined;
}

/** A row of the list (`devices/deny-entry.ts`): hex in lower case, a serial number without leading zeros. */
export interface DeniedValue {
  readonly kind: string;
  readonly value: string;
}

/** Some 200 bytes each. */
const KEPT = 50_000;

/** @returns nothing for an empty list, so that nothing is looked at for it. */
export function compileDenyList(entries: readonly DeniedValue[]): DenyList | undefined {
  if (entries.length === 0) return undefined;
  const valuesOf = (kind: string): ReadonlySet<string> =>
    new Set(entries.filter((one) => one.kind === kind).map(({ value }) => value));
  const devices = valuesOf('device');
  const digests = valuesOf('certificate_sha256');
  const serials = valuesOf('certificate_serial');
  const looksAtCertificates = digests.size + serials.size > 0;
  const ofRecords = new WeakMap<CredentialsRecord, { readonly detail: string | undefined }>();
  const ofCertificates = new BoundedMap<string, { readonly detail: string | undefined }>(KEPT);

  function judge(der: Uint8Array): string | undefined {
    if (digests.has(sha256Of(der))) return 'the certificate, by its SHA-256';
    if (serials.size === 0) return undefined;
    const serial = serialOf(der);
    return serial !== undefined && serials.has(serial) ? 'the certificate, by its serial number' : undefined;
  }

  function judgeRecord({
    deviceId,
    credentialsType,
    credentialsValue,
  }: CredentialsRecord): string | undefined {
    if (devices.has(deviceId.toLowerCase())) return 'the device';
    if (!looksAtCertificates || credentialsType !== 'X509_CERTIFICATE') return undefined;
    return judge(Buffer.from(credentialsValue ?? '', 'base64'));
  }

  return {
    denies(record) {
      let known = ofRecords.get(record);
      if (known === undefined) {
        known = { detail: judgeRecord(record) };
        ofRecords.set(record, known);
      }
      return known.detail;
    },
    deniesCertificates(ders, ids) {
      if (!looksAtCertificates) return undefined;
      return ofCertificates.getOrMake(ids.join(), () => {
        const [detail] = ders.map(judge).filter((one) => one !== undefined);
        return { detail };
      }).detail;
    },
  };
}

/** As the list writes it; `undefined` for bytes that are no certificate. */
function serialOf(der: Uint8Array): string | undefined {
  try {
    return inspectCertificate(der)
      .serialNumber.toLowerCase()
      .replace(/^0+(?=.)/, '');
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return undefined;
    throw error;
  }
}
