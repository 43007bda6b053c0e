import { detachString } from '../../../util/detach-string.ts';

/** Characters of text in one generation: with the certificates made of them, some 15 MiB, or 6,000 certificates. */
const GENERATION = 8 * 1024 * 1024;

/**
 * The same decoder with a memory: fleets come back with the same certificates, and a text always is the same certificate.
 * Finding it costs a third of decoding and checking it again; and since the very same bytes come back, what was hashed of
 * them need not be hashed again (`credentialsIdOf`). What throws is not remembered.
 *
 * It keeps two generations, and when the younger is full the older is dropped whole: what comes at least once per generation
 * stays, and clients that send ever new certificates cost no more memory than that.
 */
export function remembered(decode: (text: string) => readonly Buffer[]): (text: string) => readonly Buffer[] {
  let young = new Map<number, Known>();
  let old = new Map<number, Known>();
  let weight = 0;
  return (text) => {
    const key = sampleOf(text);
    const inYoung = young.get(key);
    if (inYoung?.text === text) return inYoung.certificates;
    const before = old.get(key);
    const inOld = before?.text === text ? before : undefined;
    const certificates = inOld?.certificates ?? decode(text).map(alone);
    if (weight + text.length > GENERATION) {
      old = young;
      young = new Map();
      weight = 0;
    }
    young.set(key, inOld ?? { text: detachString(text), certificates });
    weight += text.length;
    return certificates;
  };
}

interface Known {
  readonly text: string;
  readonly certificates: readonly Buffer[];
}

/** Every so many characters of a text are looked at: some of the serial number, the key and the signature among them. */
const STRIDE = 7;

/** A hash of a sample: hashing all of a text takes longer than everything else here. Texts that share one push each other out. */
function sampleOf(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at += STRIDE) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** Small buffers are slices of a common block, all of which one of them keeps. */
function alone(bytes: Buffer): Buffer {
  return Buffer.from(Uint8Array.from(bytes).buffer);
}
