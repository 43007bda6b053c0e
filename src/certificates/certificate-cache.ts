import { sha256Of } from './identity.ts';
import { type InspectedCertificate, inspectCertificate } from './inspect.ts';

/**
 * Certificates already read, by the SHA-256 of their DER: the least recently used one leaves first. Reading one costs some
 * thirty hashes, so this pays where the same certificates come again and rules ask for more than the hash. A certificate
 * never changes, so nothing in here grows old.
 */
export class CertificateCache {
  readonly #capacity: number;
  readonly #entries = new Map<string, InspectedCertificate>();

  /** @param capacity how many certificates at most, of about a kilobyte each. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @throws {CertificateUnreadable} as `inspectCertificate`; what cannot be read is not remembered. */
  inspect(der: Uint8Array): InspectedCertificate {
    const key = sha256Of(der);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      // A Map keeps the order of insertion, so the last is the latest used.
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    // A copy: the caller's may be a slice of a request's whole body.
    const certificate = inspectCertificate(Uint8Array.from(der));
    this.#entries.set(key, certificate);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#capacity && oldest !== undefined) this.#entries.delete(oldest);
    return certificate;
  }
}
