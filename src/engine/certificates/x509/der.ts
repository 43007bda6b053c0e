import { ThingPassError } from '../../../model/errors.ts';

/**
 * A reader for DER (X.690 section 10) that returns offsets and copies nothing. It refuses every second encoding of
 * the same value, such as indefinite or non-minimal lengths, so that a certificate's bytes can be its identity
 * (`forwarded-certificates.md` section 9, step 3).
 */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const CONSTRUCTED = 0x20;
/** Certificates nest about ten deep. The limit bounds the cost of a hostile one with 20,000 levels. */
const MAX_DEPTH = 32;

/** One element: `start` is the offset of its tag, `contents` the offset of its contents, `end` is exclusive. */
export interface Element {
  readonly tag: number;
  readonly start: number;
  readonly contents: number;
  readonly end: number;
}

/**
 * Reads the element at an offset.
 * @throws {ThingPassError} `der_malformed` for BER, a length beyond `limit`, and tag numbers above 30, which certificates
 *   do not use.
 */
export function readElement(bytes: Uint8Array, at: number, limit: number): Element {
  const tag = byteAt(bytes, at, limit);
  if ((tag & 0x1f) === 0x1f) throw new ThingPassError('der_malformed', `multi-byte tag at ${at}`);
  const first = byteAt(bytes, at + 1, limit);
  let contents = at + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0) throw new ThingPassError('der_malformed', `indefinite length at ${at}`);
    if (octets > 3) throw new ThingPassError('der_malformed', `length of ${octets} octets at ${at}`);
    length = 0;
    for (let octet = 0; octet < octets; octet++)
      length = length * 256 + byteAt(bytes, contents + octet, limit);
    contents += octets;
    // Minimal: the short form below 128, and no leading zero octet (X.690 section 10.1).
    if (length < 0x80 || length < 256 ** (octets - 1))
      throw new ThingPassError('der_malformed', `length not minimal at ${at}`);
  }
  const end = contents + length;
  if (end > limit) throw new ThingPassError('der_malformed', `length beyond the end at ${at}`);
  return { tag, start: at, contents, end };
}

function byteAt(bytes: Uint8Array, at: number, limit: number): number {
  const byte = at < limit ? bytes[at] : undefined;
  if (byte === undefined) throw new ThingPassError('der_malformed', `ends at ${at}`);
  return byte;
}

/**
 * Reads the elements that fill `parent`'s contents without a gap.
 * @throws {ThingPassError} `der_malformed`
 */
export function readChildren(bytes: Uint8Array, parent: Element): Element[] {
  const children: Element[] = [];
  for (let at = parent.contents; at < parent.end; ) {
    const child = readElement(bytes, at, parent.end);
    children.push(child);
    at = child.end;
  }
  return children;
}

/**
 * Checks an element's tag.
 * @param what the part's name, for the message.
 * @throws {ThingPassError} `der_malformed` if the element is missing or has another tag.
 */
export function expectTag(element: Element | undefined, tag: number, what: string): Element {
  if (element?.tag !== tag)
    throw new ThingPassError('der_malformed', `${what} is missing or of another type`);
  return element;
}

/**
 * Checks that every element inside `root` is DER and fills its parent exactly. Contents of primitive elements, such
 * as extension values, are not checked.
 * @throws {ThingPassError} `der_malformed`
 */
export function assertNested(bytes: Uint8Array, root: Element): void {
  const ends = [root.end];
  let at = root.contents;
  for (let limit = ends.at(-1); limit !== undefined; limit = ends.at(-1)) {
    if (at === limit) {
      ends.pop();
      continue;
    }
    const element = readElement(bytes, at, limit);
    if ((element.tag & CONSTRUCTED) === 0) {
      at = element.end;
      continue;
    }
    if (ends.length >= MAX_DEPTH)
      throw new ThingPassError('der_malformed', `nested deeper than ${MAX_DEPTH}`);
    ends.push(element.end);
    at = element.contents;
  }
}

export function contentsOf(bytes: Uint8Array, element: Element): Uint8Array {
  return bytes.subarray(element.contents, element.end);
}

/** The element's bytes, including tag and length. */
export function encodingOf(bytes: Uint8Array, element: Element): Uint8Array {
  return bytes.subarray(element.start, element.end);
}

/**
 * Reads an OBJECT IDENTIFIER in dotted decimals (X.690 section 8.19).
 * @throws {ThingPassError} `der_malformed`
 */
export function readOid(bytes: Uint8Array, element: Element | undefined): string {
  const contents = contentsOf(bytes, expectTag(element, TAG.oid, 'object identifier'));
  const arcs: number[] = [];
  let arc = 0;
  for (const [index, byte] of contents.entries()) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER)
      throw new ThingPassError('der_malformed', 'object identifier too large');
    if ((byte & 0x80) !== 0) {
      if (index === contents.length - 1)
        throw new ThingPassError('der_malformed', 'object identifier cut off');
      continue;
    }
    if (arcs.length === 0) arcs.push(Math.min(Math.floor(arc / 40), 2), arc < 80 ? arc % 40 : arc - 80);
    else arcs.push(arc);
    arc = 0;
  }
  if (arcs.length === 0) throw new ThingPassError('der_malformed', 'object identifier empty');
  return arcs.join('.');
}

/**
 * Reads a non-negative INTEGER of at most four octets, such as a path length.
 * @throws {ThingPassError} `der_malformed`
 */
export function readSmallInteger(bytes: Uint8Array, element: Element | undefined): number {
  const contents = contentsOf(bytes, expectTag(element, TAG.integer, 'integer'));
  if (contents.length === 0 || contents.length > 4 || (contents[0] ?? 0) >= 0x80) {
    throw new ThingPassError('der_malformed', 'integer out of range');
  }
  return contents.reduce((value, byte) => value * 256 + byte, 0);
}
