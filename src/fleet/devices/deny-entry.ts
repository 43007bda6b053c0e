import { ThingPassError } from '../../model/errors.ts';
import { isUuid } from '../../util/uuid.ts';

/**
 * What can be denied: a device by its id, a certificate by the SHA-256 of its DER, or by its serial number, no matter who issued
 * it. Each has one way to be written.
 */
export const DENY_KINDS = ['device', 'certificate_sha256', 'certificate_serial'] as const;

export type DenyKind = (typeof DENY_KINDS)[number];

export interface DenyEntry {
  readonly id: string;
  readonly kind: DenyKind;
  readonly value: string;
  readonly note: string | undefined;
  /** Epoch milliseconds. */
  readonly createdTime: number;
}

/**
 * The one way in which a value is written: hex in lower case without colons, a serial number without leading zeros, as
 * people copy them from OpenSSL and browsers in any way.
 * @throws {ThingPassError} `deny_value_invalid`.
 */
export function denyValue(kind: DenyKind, text: string): string {
  const plain = text.trim().toLowerCase();
  switch (kind) {
    case 'device':
      if (isUuid(plain)) return plain;
      throw invalid('a device is denied by its id, a UUID');
    case 'certificate_sha256': {
      const hex = plain.replaceAll(':', '');
      if (/^[0-9a-f]{64}$/.test(hex)) return hex;
      throw invalid('a SHA-256 has 64 hexadecimal digits');
    }
    case 'certificate_serial': {
      const hex = plain
        .replace(/^0x/, '')
        .replaceAll(':', '')
        .replace(/^0+(?=.)/, '');
      // RFC 5280 section 4.1.2.2: at most 20 octets; some authorities have used more.
      if (/^[0-9a-f]{1,64}$/.test(hex)) return hex;
      throw invalid('a serial number has 1 to 64 hexadecimal digits');
    }
  }
}

function invalid(why: string): ThingPassError {
  return new ThingPassError('deny_value_invalid', why);
}
