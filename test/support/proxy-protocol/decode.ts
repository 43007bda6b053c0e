import { certificateUnreadable, type ThingPassError } from '../../../src/model/errors.ts';

/**
 * PROXY protocol version 2, decoded (HAProxy's doc/proxy-protocol.txt section 2.2): for a listener of a broker of one's
 * own. ThingPass itself never listens for it. Nothing here proves who sent it: only proxies may reach such a port
 * (`forwarded-certificates.md` section 4.4).
 */

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const FIXED_LENGTH = 16;
/** Bytes of both addresses and ports: unspecified, IPv4, IPv6, Unix. */
const ADDRESS_LENGTHS = [0, 12, 36, 216] as const;
const CRC32C = 0x03;
const SSL = 0x20;
const SSL_CLIENT_FLAGS_AND_VERIFY = 5;

/** What the proxy says of its TLS connection with the client (section 2.2.6). */
export interface ProxyTls {
  /** 0x01: the client came over TLS. */
  readonly overTls: boolean;
  /** 0x02 or 0x04: a certificate was presented on this connection, or on an earlier one of its TLS session. */
  readonly certificatePresented: boolean;
  /** OpenSSL's code; 0 says "verified" only where a certificate was presented. */
  readonly verify: number;
  /** Contents of the sub-TLVs by type, such as 0x22 (CN) and 0x28 (DER). */
  readonly values: ReadonlyMap<number, Buffer>;
}

export interface ProxyHeader {
  /** `local`: the proxy speaks for itself, as in a health check, and nothing of it is a client's. */
  readonly command: 'local' | 'proxy';
  readonly source: ProxyAddress | undefined;
  readonly destination: ProxyAddress | undefined;
  readonly tls: ProxyTls | undefined;
  /** Bytes of the header; what follows is the connection's own. */
  readonly length: number;
}

interface ProxyAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * @param bytes what the connection began with, from its first byte.
 * @throws {ThingPassError} `certificate_unreadable` `proxy_protocol_malformed`, also while the header has not come whole.
 */
export function decodeProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED_LENGTH || !bytes.subarray(0, 12).equals(SIGNATURE)) throw malformed();
  const versionAndCommand = bytes.readUInt8(12);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > 1) throw malformed();
  const family = bytes.readUInt8(13) >> 4;
  const addressLength = ADDRESS_LENGTHS[family];
  const length = FIXED_LENGTH + bytes.readUInt16BE(14);
  if (bytes.length < length) throw malformed();
  // A proxy speaking for itself may leave the rest out, and whatever is there is to be skipped (section 2.2).
  if (command === 0)
    return { command: 'local', source: undefined, destination: undefined, tls: undefined, length };
  if (addressLength === undefined || FIXED_LENGTH + addressLength > length) throw malformed();

  const addresses = bytes.subarray(FIXED_LENGTH, FIXED_LENGTH + addressLength);
  const values = readValues(bytes.subarray(FIXED_LENGTH + addressLength, length));
  checkSum(bytes.subarray(0, length), values.get(CRC32C));
  const ssl = values.get(SSL);
  return {
    command: 'proxy',
    source: readAddress(addresses, family, 0),
    destination: readAddress(addresses, family, 1),
    tls: ssl === undefined ? undefined : readTls(ssl),
    length,
  };
}

function malformed(): ThingPassError<'certificate_unreadable'> {
  return certificateUnreadable('proxy_protocol_malformed');
}

/** Type, length in two bytes, value. A type that comes twice is refused: the second could be anybody's. */
function readValues(bytes: Buffer): Map<number, Buffer> {
  const values = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    if (at + 3 > bytes.length) throw malformed();
    const type = bytes.readUInt8(at);
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length || values.has(type)) throw malformed();
    values.set(type, bytes.subarray(at + 3, end));
    at = end;
  }
  return values;
}

function readTls(value: Buffer): ProxyTls {
  if (value.length < SSL_CLIENT_FLAGS_AND_VERIFY) throw malformed();
  const flags = value.readUInt8(0);
  return {
    overTls: (flags & 0x01) !== 0,
    certificatePresented: (flags & 0x06) !== 0,
    verify: value.readUInt32BE(1),
    values: readValues(value.subarray(SSL_CLIENT_FLAGS_AND_VERIFY)),
  };
}

/** @param which 0 the source, 1 the destination. Unix addresses have no port and are not shown. */
function readAddress(bytes: Buffer, family: number, which: 0 | 1): ProxyAddress | undefined {
  const size = family === 1 ? 4 : family === 2 ? 16 : undefined;
  if (size === undefined) return undefined;
  const octets = bytes.subarray(which * size, (which + 1) * size);
  const address = size === 4 ? octets.join('.') : (octets.toString('hex').match(/.{4}/g) ?? []).join(':');
  return { address, port: bytes.readUInt16BE(2 * size + 2 * which) };
}

/** CRC32c of the header with the sum itself as zero; a wrong one must drop the connection (section 2.2.4). */
function checkSum(header: Buffer, sum: Buffer | undefined): void {
  if (sum === undefined) return;
  if (sum.length !== 4) throw malformed();
  const cleared = Buffer.from(header);
  cleared.fill(0, sum.byteOffset - header.byteOffset, sum.byteOffset - header.byteOffset + 4);
  if (crc32c(cleared) !== sum.readUInt32BE(0)) throw malformed();
}

/** Castagnoli's polynomial, reflected (RFC 9260 appendix A). A header has some hundred bytes: no table. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
