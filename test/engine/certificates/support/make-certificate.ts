import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Certificates of any shape for tests: a few lines of DER writing, and nothing is checked. */

interface Key {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface CertificateShape {
  readonly subject: string;
  readonly issuer?: string;
  readonly key?: Key;
  /** The issuer's key; the certificate's own when absent. */
  readonly signedBy?: Key;
  /** Undefined: the extension is left out. */
  readonly ca?: boolean | undefined;
  readonly pathLength?: number;
  /** Names of the bits 0 (digitalSignature) and 5 (keyCertSign). */
  readonly keyUsage?: 'sign-certificates' | 'digital-signature' | undefined;
  /** An OID of a critical extension nobody knows. */
  readonly unknownCritical?: boolean;
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** ASN.1 tag of the name's strings: 0x0c UTF8String, 0x13 PrintableString. */
  readonly stringTag?: number;
}

export interface MadeCertificate {
  readonly der: Buffer;
  readonly key: Key;
  readonly subject: string;
}

function makeKey(): Key {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const SHA256_WITH_ECDSA = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
const BASIC_CONSTRAINTS = '0603551d13';
const KEY_USAGE = '0603551d0f';
const UNKNOWN = '06032a0304';

function name(commonName: string, stringTag: number): Buffer {
  const attribute = der(0x30, Buffer.from('0603550403', 'hex'), der(stringTag, Buffer.from(commonName)));
  return der(0x30, der(0x31, attribute));
}

function extension(oid: string, value: Buffer): Buffer {
  return der(0x30, Buffer.from(oid, 'hex'), der(0x01, Buffer.from([0xff])), der(0x04, value));
}

function extensionsOf(shape: CertificateShape): Buffer[] {
  const all: Buffer[] = [];
  if (shape.ca !== undefined) {
    const ca = shape.ca ? [der(0x01, Buffer.from([0xff]))] : [];
    const pathLength = shape.pathLength === undefined ? [] : [der(0x02, Buffer.from([shape.pathLength]))];
    all.push(extension(BASIC_CONSTRAINTS, der(0x30, ...ca, ...pathLength)));
  }
  if (shape.keyUsage !== undefined) {
    const bits = shape.keyUsage === 'sign-certificates' ? [2, 0x04] : [7, 0x80];
    all.push(extension(KEY_USAGE, der(0x03, Buffer.from(bits))));
  }
  if (shape.unknownCritical) all.push(extension(UNKNOWN, der(0x05)));
  return all;
}

export function makeCertificate(shape: CertificateShape): MadeCertificate {
  const key = shape.key ?? makeKey();
  const extensions = extensionsOf(shape);
  const tag = shape.stringTag ?? 0x0c;
  const tbs = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1, 2, 3])),
    SHA256_WITH_ECDSA,
    name(shape.issuer ?? shape.subject, 0x0c),
    der(
      0x30,
      der(0x18, Buffer.from(shape.notBefore ?? '20200101000000Z')),
      der(0x18, Buffer.from(shape.notAfter ?? '20600101000000Z')),
    ),
    name(shape.subject, tag),
    key.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [der(0xa3, der(0x30, ...extensions))]),
  );
  const signature = sign('sha256', tbs, (shape.signedBy ?? key).privateKey);
  const whole = der(0x30, tbs, SHA256_WITH_ECDSA, der(0x03, Buffer.from([0]), signature));
  return { der: whole, key, subject: shape.subject };
}

/** One issued by another. */
export function issue(
  issuer: MadeCertificate,
  shape: Omit<CertificateShape, 'issuer' | 'signedBy'>,
): MadeCertificate {
  return makeCertificate({ ...shape, issuer: issuer.subject, signedBy: issuer.key });
}
