import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { sha3, trim } from '../../engine/credentials/stored/hash.ts';
import { javaTrim } from './java-trim.ts';

/** An X509_CERTIFICATE_CHAIN profile's certificate as it is stored. */
export interface StoredProfileCertificate {
  readonly storedProvisionDeviceSecret: string;
  /** By which the profile is found again, from a certificate in a client's chain. */
  readonly provisionDeviceKey: string;
}

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';
/** Each body is on one line by then; `.` stops at line ends, in Java too. */
const FIRST_BLOCK = /-----BEGIN CERTIFICATE-----\s*.*?\s*-----END CERTIFICATE-----/;

/**
 * What ThingsBoard makes of a profile's certificate when the profile is saved (`engine/credentials/thingsboard.md` section 4.5).
 * More than one certificate stay PEM blocks, each body on one line, and the first one's hash is the key. Everything else
 * is trimmed and hashed, a text that is no certificate at all included: it will match nothing.
 */
export function profileCertificate(provisionDeviceSecret: string): StoredProfileCertificate {
  if (countCertificates(provisionDeviceSecret) < 2) {
    const trimmed = trim(provisionDeviceSecret);
    return { storedProvisionDeviceSecret: trimmed, provisionDeviceKey: sha3(trimmed) };
  }
  const blocks = provisionDeviceSecret
    .replaceAll('\n', '')
    .replaceAll('\r', '')
    .replaceAll(BEGIN, `${BEGIN}\n`)
    .replaceAll(END, `\n${END}\n`);
  const storedProvisionDeviceSecret = javaTrim(blocks);
  const [first = storedProvisionDeviceSecret] = FIRST_BLOCK.exec(storedProvisionDeviceSecret) ?? [];
  return { storedProvisionDeviceSecret, provisionDeviceKey: sha3(first) };
}

let publicKeys: ReadonlySet<string> | undefined;

/**
 * Whether a profile's key is that of a public authority, under which anybody can get a certificate: ThingsBoard refuses
 * those of the configured Java `cacerts` (section 4.5), here Node's own list stands for it.
 */
export function isPublicAuthority(provisionDeviceKey: string): boolean {
  publicKeys ??= new Set(rootCertificates.map((pem) => sha3(pem)));
  return publicKeys.has(provisionDeviceKey);
}

/** Header, white space and Base64, footer. Java compares the two labels with each other and wants no certain one. */
const BLOCK = /^-----BEGIN ([^\r\n]*)-----(?:\r\n?|\n)([^-]*)-----END \1-----(?:\r\n?|\n|$)/;
const BLOCK_START = /(?:^|[\r\n])-----/;

/**
 * How many certificates Java's `CertificateFactory` reads out of a text: 0 where one of the blocks cannot be read, since
 * then it reads none. A block begins at five hyphens at the start of a line, its header ends with that line, its body at
 * the next hyphen, its footer with the line; what stands in front of a block or after the last is read over.
 */
function countCertificates(text: string): number {
  let rest = text;
  for (let count = 0; ; count++) {
    const start = BLOCK_START.exec(rest);
    if (start === null) return count;
    // A zero is the first byte of DER, which this text is not.
    if (rest.startsWith('0')) return 0;
    rest = rest.slice(start.index + start[0].length - '-----'.length);
    const block = BLOCK.exec(rest);
    if (block === null || !isCertificate(block[2] as string)) return 0;
    rest = rest.slice(block[0].length);
  }
}

/** Canonical or unpadded Base64 of one certificate's DER; Java's decoder ignores nothing else. */
function isCertificate(body: string): boolean {
  const base64 = body.replace(/[\t\n\r ]/g, '');
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64').replace(/=+$/, '') !== base64.replace(/={1,2}$/, '')) return false;
  try {
    new X509Certificate(der);
    return true;
  } catch {
    return false;
  }
}
