/**
 * Strict readers for the encodings inside stored hashes. Node's own decoder skips what it does not understand, so a
 * damaged hash would become a shorter, different one instead of a refusal.
 */

const PADDED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const UNPADDED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const INTEGER = /^(?:0|[1-9][0-9]{0,9})$/;

/** RFC 4648 section 4 with its padding. */
export function readPaddedBase64(text: string): Buffer | undefined {
  return PADDED.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** RFC 4648 section 4 without padding, as PHC strings have it. */
export function readBase64(text: string): Buffer | undefined {
  return UNPADDED.test(text) ? Buffer.from(text, 'base64') : undefined;
}

export function writeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

export function readHex(text: string): Buffer | undefined {
  return HEX.test(text) ? Buffer.from(text, 'hex') : undefined;
}

/** A decimal integer of at most ten digits without sign and leading zeros. */
export function readInteger(text: string | undefined): number | undefined {
  return text !== undefined && INTEGER.test(text) ? Number(text) : undefined;
}
