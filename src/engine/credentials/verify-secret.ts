import { timingSafeEqual } from 'node:crypto';
import { chain, type MaybePromise } from '../../model/maybe-promise.ts';
import type { CredentialsRecord, StoredSecret } from './credentials-record.ts';

/**
 * What stands in the `password` member of a value whose secret is kept, hashed, in `credentials_secret`. It is compared with
 * nothing here: the secrets decide. ThingsBoard, reading the same row, would compare it, so it holds an unpaired surrogate:
 * a NUL alone would not do, because passwords are binary data (MQTT 5 section 3.1.3.6), but no decoded UTF-8 yields this.
 */
export const PASSWORD_KEPT_ELSEWHERE = '\0\udfff kept in credentials_secret';

/** One way to keep a password. Schemes are tried in order; the first that knows a hash's form checks it. */
export interface SecretScheme {
  readonly name: string;
  matches(hash: string): boolean;
  verify(hash: string, password: string): boolean | Promise<boolean>;
}

type SecretVerdict =
  | {
      readonly valid: true;
      readonly secret?: StoredSecret | undefined;
      /** It is kept as it no longer should be: in plain text, or in a weaker hash than today's. */
      readonly outdated?: boolean | undefined;
    }
  | { readonly valid: false; readonly reason: 'mismatch' | 'expired' | 'not_yet_valid' };

/**
 * Says whether a presented password proves a credential.
 * @param stored the `password` of the credential's value; empty only where `record.secrets` is not, which then decide.
 * @param presented the CONNECT's password; empty when it had none.
 * @param now epoch milliseconds.
 */
export type VerifySecret = (
  record: CredentialsRecord,
  stored: string,
  presented: string,
  now: number,
) => MaybePromise<SecretVerdict>;

const MISMATCH: SecretVerdict = Object.freeze({ valid: false, reason: 'mismatch' });
const EXPIRED: SecretVerdict = Object.freeze({ valid: false, reason: 'expired' });
const NOT_YET_VALID: SecretVerdict = Object.freeze({ valid: false, reason: 'not_yet_valid' });

/**
 * Checks secrets by the given schemes, or as ThingsBoard's plaintext, which stands in the value itself.
 * @param needsUpgrade whether a hash is to be made anew; where it is given, plaintext is too.
 */
export function createVerifySecret(
  schemes: readonly SecretScheme[] = [],
  needsUpgrade?: (hash: string) => boolean,
): VerifySecret {
  const plaintext: SecretVerdict = Object.freeze(
    needsUpgrade === undefined ? { valid: true } : { valid: true, outdated: true },
  );
  return (record, stored, presented, now) => {
    if (presented === '' || !presented.isWellFormed()) return MISMATCH;
    if (record.secrets.length > 0) return verifyKept(record.secrets, schemes, presented, now, needsUpgrade);
    if (stored === PASSWORD_KEPT_ELSEWHERE) return MISMATCH;
    return equalsInConstantTime(stored, presented) ? plaintext : MISMATCH;
  };
}

function verifyKept(
  secrets: readonly StoredSecret[],
  schemes: readonly SecretScheme[],
  presented: string,
  now: number,
  needsUpgrade: ((hash: string) => boolean) | undefined,
): MaybePromise<SecretVerdict> {
  /** What the secrets from `index` on say, where none before them could be used. */
  function verifyFrom(index: number, soFar: SecretVerdict): MaybePromise<SecretVerdict> {
    const secret = secrets[index];
    if (secret === undefined) return soFar;
    const scheme = schemes.find((one) => one.matches(secret.hash));
    return chain(scheme?.verify(secret.hash, presented) ?? false, (fits) => {
      if (!fits) return verifyFrom(index + 1, soFar);
      if (secret.notAfter !== undefined && secret.notAfter <= now) return verifyFrom(index + 1, EXPIRED);
      if (secret.notBefore !== undefined && secret.notBefore > now)
        return verifyFrom(index + 1, NOT_YET_VALID);
      return needsUpgrade?.(secret.hash) ? { valid: true, secret, outdated: true } : { valid: true, secret };
    });
  }
  return verifyFrom(0, MISMATCH);
}

/**
 * Whether both texts are the same, code unit by code unit as in Java; where they differ cannot be learned from the time
 * this takes, whether their lengths differ can.
 */
export function equalsInConstantTime(one: string, other: string): boolean {
  // Not UTF-8, which has one encoding for all unpaired surrogates and U+FFFD together.
  const left = Buffer.from(one, 'utf16le');
  const right = Buffer.from(other, 'utf16le');
  return left.length === right.length && timingSafeEqual(left, right);
}
