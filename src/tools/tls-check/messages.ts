import { readElement } from '../../engine/certificates/x509/der.ts';
import { formatName, readName } from '../../engine/certificates/x509/name.ts';
import { type HandshakeMessage, MESSAGE } from './records.ts';

/** A server's request for a client certificate (RFC 8446 section 4.3.2, RFC 5246 section 7.4.4). */
export interface CertificateRequest {
  /** Names of the authorities that the server accepts. Empty if it names none. */
  readonly authorities: readonly string[];
  /** Codes of the accepted signature schemes. */
  readonly schemes: readonly number[];
}

/** Reads a message's fields in order. Throws RangeError if the message is too short. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(octets: number): number {
    const value = this.#bytes.readUIntBE(this.#at, octets);
    this.#at += octets;
    return value;
  }

  /** A vector with a length prefix. */
  vector(lengthOctets: number): Buffer {
    const length = this.number(lengthOctets);
    if (this.#at + length > this.#bytes.length) throw new RangeError('vector');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Reads the last message of a type; `undefined` if it is missing or malformed. */
function readMessage<T>(
  messages: readonly HandshakeMessage[],
  type: number,
  read: (fields: Fields) => T,
): T | undefined {
  // The last one, because a HelloRetryRequest looks like a ServerHello and precedes it.
  const message = messages.findLast((one) => one.type === type);
  if (message === undefined) return undefined;
  try {
    return read(new Fields(message.body));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The cipher suite chosen by the server. */
export function readSuite(messages: readonly HandshakeMessage[]): number | undefined {
  return readMessage(messages, MESSAGE.serverHello, (fields) => {
    fields.number(2);
    for (let octet = 0; octet < 32; octet++) fields.number(1);
    fields.vector(1);
    return fields.number(2);
  });
}

/** DER of the certificates, in the order sent. */
export function readCertificates(
  messages: readonly HandshakeMessage[],
  tls13: boolean,
): Buffer[] | undefined {
  return readMessage(messages, MESSAGE.certificate, (fields) => {
    if (tls13) fields.vector(1);
    const list = new Fields(fields.vector(3));
    const certificates: Buffer[] = [];
    while (!list.done) {
      certificates.push(list.vector(3));
      if (tls13) list.vector(2);
    }
    return certificates;
  });
}

const SIGNATURE_ALGORITHMS = 13;
const CERTIFICATE_AUTHORITIES = 47;

export function readCertificateRequest(
  messages: readonly HandshakeMessage[],
  version: string | undefined,
): CertificateRequest | undefined {
  return readMessage(messages, MESSAGE.certificateRequest, (fields) => {
    fields.vector(1);
    if (version === 'TLSv1.3') {
      const extensions = new Fields(fields.vector(2));
      const found = new Map<number, Fields>();
      while (!extensions.done) found.set(extensions.number(2), new Fields(extensions.vector(2)));
      return {
        schemes: readNumbers(found.get(SIGNATURE_ALGORITHMS)),
        authorities: readNames(found.get(CERTIFICATE_AUTHORITIES)),
      };
    }
    const schemes = version === 'TLSv1.2' ? readNumbers(fields) : [];
    return { schemes, authorities: readNames(fields) };
  });
}

function readNumbers(fields: Fields | undefined): number[] {
  if (fields === undefined) return [];
  const list = new Fields(fields.vector(2));
  const numbers: number[] = [];
  while (!list.done) numbers.push(list.number(2));
  return numbers;
}

function readNames(fields: Fields | undefined): string[] {
  if (fields === undefined) return [];
  const list = new Fields(fields.vector(2));
  const names: string[] = [];
  while (!list.done) {
    const der = list.vector(2);
    try {
      names.push(formatName(readName(der, readElement(der, 0, der.length))));
    } catch {
      names.push('(a name that cannot be read)');
    }
  }
  return names;
}
