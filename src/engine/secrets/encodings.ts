/**
 * Strict decoders for the encodings in stored hashes. Node's decoders skip invalid characters, which would turn a
 * damaged hash into a shorter, different one instead of refusing it. They return `undefined` for invalid text.
 */

const PADDED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const UNPADDED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const INTEGER = /^(?:0|[1-9][0-9]{0,9})$/;

/** Base64 with padding (RFC 4648 section 4). */
export function readPaddedBase64(text: string): Buffer | undefined {
  return PADDED.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** Base64 without padding (RFC 4648 section 4), as in PHC strings. */
export function readBase64(text: string): Buffer | undefined {
  return UNPADDED.test(text) ? Buffer.from(text, 'base64') : undefined;
}

export function writeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

export function readHex(text: string): Buffer | undefined {
  return HEX.test(text) ? Buffer.from(text, 'hex') : undefined;
}

/** A decimal integer of at most ten digits, without sign and leading zeros. */
export function readInteger(text: string | undefined): number | undefined {
  return text !== undefined && INTEGER.test(text) ? Number(text) : undefined;
}
