import { createDecipheriv, createHmac } from 'node:crypto';

/** One handshake message (RFC 8446 section 4). */
export interface HandshakeMessage {
  readonly type: number;
  readonly body: Buffer;
}

export const MESSAGE = { serverHello: 2, certificate: 11, certificateRequest: 13, finished: 20 } as const;
const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** The content of one direction's bytes. */
export interface ReadRecords {
  readonly messages: readonly HandshakeMessage[];
  /** Code of an unencrypted alert. */
  readonly alert: number | undefined;
  /** Whether the first bytes are a TLS record. */
  readonly isTls: boolean;
}

/** AEAD by TLS 1.3 cipher suite (RFC 8446 appendix B.4). */
const SUITES: ReadonlyMap<number, readonly ['aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305', number]> =
  new Map([
    [0x1301, ['aes-128-gcm', 16]],
    [0x1302, ['aes-256-gcm', 32]],
    [0x1303, ['chacha20-poly1305', 32]],
  ]);

/**
 * Reads the handshake messages in one direction's bytes. TLS 1.3 encrypts everything after ServerHello; the
 * direction's handshake secret, known to this side of the connection, decrypts it. An incomplete record at the end
 * is ignored.
 * @param secret of TLS 1.3 (`SERVER_HANDSHAKE_TRAFFIC_SECRET` or the client's); absent for TLS 1.2.
 */
export function readRecords(bytes: Buffer, secret?: Buffer, suite?: number): ReadRecords {
  const messages: HandshakeMessage[] = [];
  let alert: number | undefined;
  let plain = Buffer.alloc(0);
  let sequence = 0;
  const isTls =
    bytes.length > 0 && (bytes[0] as number) >= 20 && (bytes[0] as number) <= 23 && (bytes[1] ?? 3) === 3;
  for (let at = 0; isTls && at + 5 <= bytes.length; ) {
    const header = bytes.subarray(at, at + 5);
    const end = at + 5 + header.readUInt16BE(3);
    if (end > bytes.length) break;
    const body = bytes.subarray(at + 5, end);
    at = end;
    if (header[0] === CONTENT.alert && body.length === 2) alert = body[1];
    // After this record TLS 1.2 is encrypted. TLS 1.3 sends it only for compatibility (RFC 8446 appendix D.4).
    if (header[0] === CONTENT.changeCipherSpec && secret === undefined) break;
    if (header[0] === CONTENT.handshake) plain = Buffer.concat([plain, body]);
    if (header[0] === CONTENT.applicationData) {
      const decrypted =
        secret === undefined ? undefined : decryptRecord(secret, suite, sequence, header, body);
      if (decrypted === undefined) break;
      sequence++;
      if (decrypted.type === CONTENT.handshake) plain = Buffer.concat([plain, decrypted.content]);
    }
    plain = takeMessages(plain, messages);
    if (messages.at(-1)?.type === MESSAGE.finished) break;
  }
  return { messages, alert, isTls };
}

/** @returns the remaining bytes: the beginning of a message that continues in the next record. */
function takeMessages(bytes: Buffer, messages: HandshakeMessage[]): Buffer<ArrayBuffer> {
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUIntBE(at + 1, 3);
    if (end > bytes.length) break;
    messages.push({ type: bytes[at] as number, body: Buffer.from(bytes.subarray(at + 4, end)) });
    at = end;
  }
  return Buffer.from(bytes.subarray(at));
}

/** RFC 8446 section 5.2: the plaintext is the content, its type, and padding zeros. */
function decryptRecord(
  secret: Buffer,
  suite: number | undefined,
  sequence: number,
  header: Buffer,
  body: Buffer,
): { type: number; content: Buffer } | undefined {
  const [cipher, keyLength] = SUITES.get(suite ?? 0) ?? [];
  if (cipher === undefined || keyLength === undefined || body.length < 17) return undefined;
  const nonce = expandLabel(secret, 'iv', 12);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence) >>> 0, 8);
  const decipher = createDecipheriv(cipher as 'aes-128-gcm', expandLabel(secret, 'key', keyLength), nonce, {
    authTagLength: 16,
  });
  decipher.setAAD(header);
  decipher.setAuthTag(body.subarray(-16));
  try {
    const inner = Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]);
    let end = inner.length - 1;
    while (end > 0 && inner[end] === 0) end--;
    return { type: inner[end] ?? 0, content: inner.subarray(0, end) };
  } catch {
    return undefined;
  }
}

/** HKDF-Expand-Label with an empty context (RFC 8446 section 7.1), for at most one hash's length. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac(secret.length === 48 ? 'sha384' : 'sha256', secret)
    .update(info)
    .digest()
    .subarray(0, length);
}
