export type ScramAlgorithm = 'sha256' | 'sha512';

/**
 * What a broker needs to let a SCRAM client in without ever seeing its password (RFC 5802 section 3; RFC 7677 for
 * SHA-256). `storedKey`, `serverKey` and `salt` are lower-case hex, as EMQX wants them (`brokers/emqx/emqx.md` section 7).
 * Keys are secrets too: with them one can pose as the server, and guess the password.
 */
export interface ScramKeys {
  readonly algorithm: ScramAlgorithm;
  readonly iterations: number;
  readonly salt: string;
  readonly storedKey: string;
  readonly serverKey: string;
}
