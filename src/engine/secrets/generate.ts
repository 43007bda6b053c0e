import { randomBytes } from 'node:crypto';

const ALPHANUMERICS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * How long a generated text is, by what it is for. Only letters and digits: such a text survives shells, URLs, CSV
 * files, `mosquitto_pub -P` and a firmware's configuration page unquoted. One character holds 5.95 bits.
 */
const LENGTHS = {
  /** As ThingsBoard makes them: 20 alphanumerics (`credentials/thingsboard.md` section 2), 119 bits. */
  access_token: 20,
  /** 190 bits. */
  password: 32,
  /** ThingsBoard's provision keys and secrets have 20 as well. */
  provision_key: 20,
  /** 256 bits. */
  api_key: 43,
} as const satisfies Record<string, number>;

export type GeneratedKind = keyof typeof LENGTHS;

/** A fresh random text of letters and digits, long enough for its purpose. */
export function generate(kind: GeneratedKind): string {
  return alphanumerics(LENGTHS[kind]);
}

/** The largest multiple of the alphabet's size in a byte: bytes from there on would favour the first letters. */
const UNBIASED = 256 - (256 % ALPHANUMERICS.length);

function alphanumerics(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < UNBIASED && text.length < length) text += ALPHANUMERICS[byte % ALPHANUMERICS.length];
    }
  }
  return text;
}
