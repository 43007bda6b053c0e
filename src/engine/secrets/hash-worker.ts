/**
 * The worker thread for Argon2id and bcrypt, which Node's thread pool does not have; they run as WebAssembly. On
 * the main thread, one login would delay all other requests by 0.03 to 1 s.
 */
import { argon2id, bcrypt } from 'hash-wasm';

export interface Argon2idJob {
  readonly kind: 'argon2id';
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  /** KiB. */
  readonly memory: number;
  readonly iterations: number;
  readonly parallelism: number;
  readonly length: number;
}

export interface BcryptJob {
  readonly kind: 'bcrypt';
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly cost: number;
}

export type HashJob = Argon2idJob | BcryptJob;

/**
 * Computes a job's hash and then erases its password.
 * @returns the hash of an Argon2id job; the complete `$2a$…` text of a bcrypt job, in ASCII.
 * @throws for a job that the algorithm does not allow.
 */
export default async function computeHash(job: HashJob): Promise<Uint8Array> {
  try {
    return await compute(job);
  } finally {
    job.password.fill(0);
  }
}

async function compute(job: HashJob): Promise<Uint8Array> {
  const { password, salt } = job;
  if (job.kind === 'bcrypt') {
    const text = await bcrypt({ password, salt, costFactor: job.cost, outputType: 'encoded' });
    return Buffer.from(text, 'latin1');
  }
  const { iterations, parallelism, memory, length } = job;
  return argon2id({
    password,
    salt,
    iterations,
    parallelism,
    memorySize: memory,
    hashLength: length,
    outputType: 'binary',
  });
}
