import type { HashWorkers } from './hash-workers.ts';
import { equalBytes, type HashFormat, type HashScheme, hashScheme } from './scheme.ts';

/**
 * `$2a$`, `$2b$` and `$2y$` are the same function for text without NUL. `$2x$` marks hashes of a faulty
 * implementation and is not supported. Written by go-auth, EMQX, `htpasswd -B` and many others.
 */
interface BcryptHash {
  readonly cost: number;
  readonly salt: Buffer;
  /** 31 characters in bcrypt's variant of Base64. */
  readonly hash: string;
}

/** The time doubles with each step: cost 10 takes about 0.07 s and 14 about 1.1 s of one processor. */
const MAXIMUM_COST = 14;
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const TEXT = /^\$2[aby]\$([0-9]{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;

/** bcrypt ignores further bytes. Go and EMQX's library truncate silently too, so such hashes exist. */
const MAXIMUM_PASSWORD_BYTES = 72;

export const bcryptFormat: HashFormat<BcryptHash> = {
  name: 'bcrypt',
  matches: (hash) => /^\$2[abxy]\$/.test(hash),
  read(text) {
    const [, costText, saltText, hash] = TEXT.exec(text) ?? [];
    if (costText === undefined || saltText === undefined || hash === undefined) {
      return 'not of the form $2a$, $2b$ or $2y$, cost, and 53 characters';
    }
    const cost = Number(costText);
    if (cost < 4 || cost > MAXIMUM_COST) return `the bcrypt cost is not between 4 and ${MAXIMUM_COST}`;
    return { cost, salt: readSalt(saltText), hash };
  },
};

/** @param workers compute it, because Node's thread pool has no bcrypt. */
export function bcryptScheme(workers: HashWorkers): HashScheme {
  return hashScheme(bcryptFormat, true, async ({ cost, salt, hash }, password) => {
    // NUL ends a password in C but not in other languages, so the hashed text is unknown.
    if (password.includes(0)) return false;
    const truncated = password.subarray(0, MAXIMUM_PASSWORD_BYTES);
    const text = Buffer.from(await workers.run({ kind: 'bcrypt', password: truncated, salt, cost })).toString(
      'latin1',
    );
    return equalBytes(Buffer.from(text.slice(-hash.length)), Buffer.from(hash));
  });
}

/** Decodes the salt: 22 characters are 132 bits, of which it is the first 128. */
function readSalt(text: string): Buffer {
  const standard = Array.from(text, (letter) => STANDARD[ALPHABET.indexOf(letter)]).join('');
  return Buffer.from(standard, 'base64').subarray(0, 16);
}
