import type { TestContext } from 'node:test';
import type { HashingQueueOptions } from '../../../src/engine/secrets/hashing-queue.ts';
import { createHashingQueue } from '../../../src/engine/secrets/hashing-queue.ts';
import {
  createSecretSchemes,
  type SecretSchemes,
  type SecretSchemesOptions,
} from '../../../src/engine/secrets/secret-schemes.ts';

/** Schemes that end with the test, with the cheapest cost that is one, and a queue with room for everything. */
export function secretSchemes(t: TestContext, options: SecretSchemesOptions = {}): SecretSchemes {
  const secrets = createSecretSchemes({
    queue: queue(),
    chosen: { scheme: 'scrypt', ln: 4, r: 8, p: 1 },
    ...options,
  });
  t.after(() => secrets.close());
  return secrets;
}

export function queue(options: HashingQueueOptions = {}) {
  return createHashingQueue({ waiting: 10_000, maximumWaitMs: 60_000, ...options });
}

/** What a caller of the port does: the one scheme that the text belongs to, else no. */
export async function verify(secrets: SecretSchemes, hash: string, password: string): Promise<boolean> {
  const scheme = secrets.schemes.find((one) => one.matches(hash));
  return scheme === undefined ? false : scheme.verify(hash, password);
}
