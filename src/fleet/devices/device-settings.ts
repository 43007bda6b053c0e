import { DEFAULT_ARGON2ID_COST } from '../../engine/secrets/argon2id.ts';
import { DEFAULT_SCRYPT_COST } from '../../engine/secrets/scrypt.ts';
import type { ChosenHash } from '../../engine/secrets/secret-schemes.ts';

/** The part of the configuration that says how passwords are kept and how credentials follow one another. */
export interface CredentialLifecycleConfig {
  readonly passwords: PasswordConfig;
  /** As ThingsBoard has it: no overlap, a new credential takes the place of the old one. */
  readonly oneCredentialPerDevice: boolean;
  /** How long a replaced credential holds unless something else is asked for. */
  readonly overlapMs: number;
}

interface PasswordConfig {
  readonly chosen: ChosenHash;
  /** Bring passwords in plain text or weaker hashes to today's at their next good login. */
  readonly upgrade: boolean;
  /** Iterations of the SCRAM keys that are stored with passwords; 0 stores none. */
  readonly scramIterations: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** @param text gives a setting by name, checked for its kind already. */
export function readCredentialLifecycleConfig(text: (name: string) => string): CredentialLifecycleConfig {
  return Object.freeze({
    passwords: Object.freeze({
      chosen: chosenHash(text('THINGPASS_PASSWORD_HASH')),
      upgrade: text('THINGPASS_UPGRADE_PASSWORDS') === 'true',
      scramIterations: Number(text('THINGPASS_SCRAM_ITERATIONS')),
    }),
    oneCredentialPerDevice: text('THINGPASS_ONE_CREDENTIAL_PER_DEVICE') === 'true',
    overlapMs: Number(text('THINGPASS_ROTATION_OVERLAP_DAYS')) * DAY_MS,
  });
}

function chosenHash(name: string): ChosenHash {
  return name === 'argon2id'
    ? { scheme: 'argon2id', ...DEFAULT_ARGON2ID_COST }
    : { scheme: 'scrypt', ...DEFAULT_SCRYPT_COST };
}
