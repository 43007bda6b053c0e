import { readElement } from '../../engine/certificates/x509/der.ts';
import { formatName, readName } from '../../engine/certificates/x509/name.ts';
import { type HandshakeMessage, MESSAGE } from './records.ts';

/** What a server demands of a client (RFC 8446 section 4.3.2, RFC 5246 section 7.4.4). */
export interface CertificateRequest {
  /** Names of authorities that it says it accepts; none means that it does not say. */
  readonly authorities: readonly string[];
  /** Codes of signature schemes. */
  readonly schemes: readonly number[];
}

/** A message's parts, read one after the other; RangeError where it ends too early. */
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

  /** A vector behind its length. */
  vector(lengthOctets: number): Buffer {
    const length = this.number(lengthOctets);
    if (this.#at + length > this.#bytes.length) throw new RangeError('vector');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Undefined where the message is not there or cannot be read. */
function readMessage<T>(
  messages: readonly HandshakeMessage[],
  type: number,
  read: (fields: Fields) => T,
): T | undefined {
  // The last: a HelloRetryRequest looks like a ServerHello, and comes before it.
  const message = messages.findLast((one) => one.type === type);
  if (message === undefined) return undefined;
  try {
    return read(new Fields(message.body));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The cipher suite that the server chose. */
export function readSuite(messages: readonly HandshakeMessage[]): number | undefined {
  return readMessage(messages, MESSAGE.serverHello, (fields) => {
    fields.number(2);
    for (let octet = 0; octet < 32; octet++) fields.number(1);
    fields.vector(1);
    return fields.number(2);
  });
}

/** DER of the certificates in the order in which they were sent. */
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
