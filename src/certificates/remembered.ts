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
  let young = new Map<string, readonly Buffer[]>();
  let old = new Map<string, readonly Buffer[]>();
  let weight = 0;
  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known;
    const certificates = old.get(text) ?? decode(text).map(alone);
    if (weight + text.length > GENERATION) {
      old = young;
      young = new Map();
      weight = 0;
    }
    young.set(text, certificates);
    weight += text.length;
    return certificates;
  };
}

/** Small buffers are slices of a common block, all of which one of them keeps. */
function alone(bytes: Buffer): Buffer {
  return Buffer.from(Uint8Array.from(bytes).buffer);
}
