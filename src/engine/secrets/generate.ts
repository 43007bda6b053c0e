import { randomBytes } from 'node:crypto';

const ALPHANUMERICS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The length of a generated text by purpose. It has only letters and digits, so it needs no quotes in shells, URLs,
 * CSV files, `mosquitto_pub -P` and a firmware's configuration page. One character has 5.95 bits.
 */
const LENGTHS = {
  /** As in ThingsBoard: 20 letters and digits (`engine/credentials/thingsboard.md` section 2), 119 bits. */
  access_token: 20,
  /** 190 bits. */
  password: 32,
  /** ThingsBoard's provision keys and secrets also have 20. */
  provision_key: 20,
  /** 256 bits. */
  api_key: 43,
} as const satisfies Record<string, number>;

export type GeneratedKind = keyof typeof LENGTHS;

/** Generates a random text of letters and digits, long enough for its purpose. */
export function generate(kind: GeneratedKind): string {
  return alphanumerics(LENGTHS[kind]);
}

/** The largest multiple of the alphabet's size in a byte. Larger bytes would favour the first letters. */
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
