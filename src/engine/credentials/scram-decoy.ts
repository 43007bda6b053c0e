import { createHmac, hkdfSync } from 'node:crypto';
import type { ScramAttempt } from '../../model/question.ts';
import type { ScramKeys } from '../../model/scram-keys.ts';
import { SCRAM_HASH_BYTES, SCRAM_SALT_BYTES } from '../secrets/scram.ts';

/**
 * Keys that look like anybody's and are nobody's: the same at each try and on each replica, as a real user's are. Nobody
 * has the client key that hashes to such a stored key, nor could find one, so no proof is ever right.
 * @param key at least 32 random bytes, the same on every replica.
 */
export function createScramDecoys(key: Uint8Array): (attempt: ScramAttempt) => ScramKeys {
  const own = Buffer.from(hkdfSync('sha256', key, '', 'thingpass scram decoys', 32));
  return ({ username, algorithm, iterations }) => {
    const part = (name: string, bytes: number): string =>
      createHmac('sha512', own)
        .update(`${name} ${algorithm} ${username}`)
        .digest('hex')
        .slice(0, 2 * bytes);
    return {
      algorithm,
      iterations,
      // A user has one salt per algorithm, whatever the client id.
      salt: part('salt', SCRAM_SALT_BYTES),
      storedKey: part('stored key', SCRAM_HASH_BYTES[algorithm]),
      serverKey: part('server key', SCRAM_HASH_BYTES[algorithm]),
    };
  };
}
