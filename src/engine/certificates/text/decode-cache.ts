import { BoundedMap } from '../../../util/bounded-map.ts';
import { detachString } from '../../../util/detach-string.ts';

/** Characters of all cached texts. With their certificates that is some 30 MiB, or 12,000 certificates. */
const MAX_CACHED_CHARACTERS = 16 * 1024 * 1024;

/**
 * Caches a decoder's results. Fleets send the same certificates again and again, and a lookup costs a third of
 * decoding and checking. A repeated text yields the same bytes object, so its hash can be cached as well
 * (`credentialsIdOf`). Errors are not cached. Certificates that keep coming stay, and clients that send ever new ones cannot
 * use more memory.
 */
export function cachedDecoder(
  decode: (text: string) => readonly Buffer[],
): (text: string) => readonly Buffer[] {
  const cache = new BoundedMap<number, CacheEntry>(MAX_CACHED_CHARACTERS, ({ text }) => text.length);
  return (text) => {
    const key = sampleHash(text);
    const known = cache.get(key);
    if (known?.text === text) return known.certificates;
    const certificates = decode(text).map(copyToOwnMemory);
    cache.set(key, { text: detachString(text), certificates });
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
