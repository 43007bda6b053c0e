import { detachString } from '../../../util/detach-string.ts';

/** Limit for the texts of one generation. With their certificates that is some 15 MiB, or 6,000 certificates. */
const MAX_GENERATION_CHARACTERS = 8 * 1024 * 1024;

/**
 * Caches a decoder's results. Fleets send the same certificates again and again, and a lookup costs a third of
 * decoding and checking. A repeated text yields the same bytes object, so its hash can be cached as well
 * (`credentialsIdOf`). Errors are not cached.
 *
 * The cache keeps two generations. When the younger one is full, the older one is dropped. Certificates that come
 * at least once per generation stay, and clients that send ever new ones cannot use more memory.
 */
export function cachedDecoder(
  decode: (text: string) => readonly Buffer[],
): (text: string) => readonly Buffer[] {
  let young = new Map<number, CacheEntry>();
  let old = new Map<number, CacheEntry>();
  let weight = 0;
  return (text) => {
    const key = sampleHash(text);
    const inYoung = young.get(key);
    if (inYoung?.text === text) return inYoung.certificates;
    const before = old.get(key);
    const inOld = before?.text === text ? before : undefined;
    const certificates = inOld?.certificates ?? decode(text).map(copyToOwnMemory);
    if (weight + text.length > MAX_GENERATION_CHARACTERS) {
      old = young;
      young = new Map();
      weight = 0;
    }
    young.set(key, inOld ?? { text: detachString(text), certificates });
    weight += text.length;
    return certificates;
  };
}

interface CacheEntry {
  readonly text: string;
  readonly certificates: readonly Buffer[];
}

/** The hash samples every seventh character, which includes some of the serial number, the key and the signature. */
const STRIDE = 7;

/**
 * Hashing the whole text would take longer than everything else here. Texts with the same hash replace each other.
 */
function sampleHash(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at += STRIDE) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** Copies the bytes: a small buffer is a slice of a shared block and would keep the whole block in memory. */
function copyToOwnMemory(bytes: Buffer): Buffer {
  return Buffer.from(Uint8Array.from(bytes).buffer);
}
