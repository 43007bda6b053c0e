import { createHash } from 'node:crypto';
import { readStoredBasic } from '../../../engine/credentials/stored/stored-basic.ts';
import { hashProvisionally } from '../../../engine/secrets/emqx-password.ts';
import { createHashingQueue, type HashingQueue } from '../../../engine/secrets/hashing-queue.ts';
import type { KeepPassword } from '../../../engine/secrets/keep-password.ts';
import type { SecretScheme } from '../../../engine/secrets/scheme.ts';
import type { KnownCredentials, KnownSecret, StoredForm } from './import-store.ts';
import type { PreparedCredentials } from './prepare-device.ts';

/**
 * How an import keeps passwords that a file has in the clear: `chosen` by people, with a slow hash each; `provisional`, with a
 * fast hash until the first good login; `random`, made by a machine, with a fast hash where they are long enough; `plain`, as
 * ThingsBoard has them, until the first good login.
 */
export const PASSWORD_KINDS = ['chosen', 'provisional', 'random', 'plain'] as const;
export type PasswordKind = (typeof PASSWORD_KINDS)[number];

/** A shorter one could be guessed at the speed of a fast hash even if a machine made it. */
const SHORTEST_RANDOM = 20;
const FEWEST_CHARACTERS = 10;

/**
 * A queue for imports: whoever reads the file waits instead of being refused.
 * @param concurrency hashes at a time; as many as ever when absent.
 */
export function importQueue(concurrency?: number): HashingQueue {
  const patient = { waiting: Number.POSITIVE_INFINITY, maximumWaitMs: Number.POSITIVE_INFINITY };
  return createHashingQueue(concurrency === undefined ? patient : { ...patient, concurrency });
}

export interface SecretKeeper {
  /** The credentials as they are to be stored; this is where hashes are computed. */
  store(credentials: PreparedCredentials): Promise<StoredForm>;
  /** Whether a row that is there lets in exactly who the prepared credentials let in. */
  isSame(known: KnownCredentials, wanted: PreparedCredentials): Promise<boolean>;
}

export function createSecretKeeper(
  schemes: readonly SecretScheme[],
  keepPassword: KeepPassword,
  passwords: PasswordKind,
): SecretKeeper {
  return {
    async store({ secret, ...row }) {
      if (secret === undefined) return row;
      if (secret.kind === 'hash')
        return { ...row, secret: { hash: secret.hash, importedAs: importedAs(secret.hash) } };
      const { password } = secret;
      if (passwords === 'plain') return { ...row, credentialsValue: withPassword(row, password) };
      if (passwords === 'provisional') return { ...row, secret: { hash: hashProvisionally(password) } };
      const made = passwords === 'random' && looksRandom(password);
      return { ...row, secret: await keepPassword(password, made) };
    },
    async isSame(known, wanted) {
      if (known.credentialsType !== wanted.credentialsType) return false;
      if (known.credentialsType !== 'MQTT_BASIC') return known.credentialsValue === wanted.credentialsValue;
      const [there, here] = [
        readStoredBasic(known.credentialsValue),
        readStoredBasic(wanted.credentialsValue),
      ];
      if (there === undefined || here === undefined) return false;
      // Absent and empty are the same to ThingsBoard.
      if ((there.clientId ?? '') !== (here.clientId ?? '')) return false;
      if ((there.userName ?? '') !== (here.userName ?? '')) return false;
      const { secret } = wanted;
      if (secret === undefined) return known.secrets.length === 0 && (there.password ?? '') === '';
      if (secret.kind === 'hash') return isKept(known.secrets, secret.hash);
      if (known.secrets.length === 0) return there.password === secret.password;
      return verifiesAny(known.secrets, secret.password);
    },
  };

  async function verifiesAny(kept: readonly KnownSecret[], password: string): Promise<boolean> {
    for (const { hash } of kept) {
      const scheme = schemes.find((one) => one.matches(hash));
      if (await scheme?.verify(hash, password)) return true;
    }
    return false;
  }
}

/** Names a hash that was imported. */
function importedAs(hash: string): string {
  return createHash('sha256').update(hash).digest('hex');
}

function isKept(secrets: readonly KnownSecret[], hash: string): boolean {
  const name = importedAs(hash);
  return secrets.some((one) => one.hash === hash || one.importedAs === name);
}

function looksRandom(password: string): boolean {
  return password.length >= SHORTEST_RANDOM && new Set(password).size >= FEWEST_CHARACTERS;
}

/** ThingsBoard's own form, with the password in the value. */
function withPassword({ credentialsValue }: PreparedCredentials, password: string): string {
  const basic = readStoredBasic(credentialsValue);
  const { clientId, userName } = basic ?? { clientId: null, userName: null };
  return JSON.stringify({ clientId, userName, password });
}
