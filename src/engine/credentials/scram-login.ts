import { type Decision, type DenyReason, deny, type Step } from '../../model/decision.ts';
import type { ScramAttempt } from '../../model/question.ts';
import type { ScramKeys } from '../../model/scram-keys.ts';
import { admit } from './admit.ts';
import { isUnusable } from './basic.ts';
import { certificateOnly } from './certificate/certificate-only.ts';
import { connackForRefusedBasic } from './connack.ts';
import type { CredentialsRecord, StoredSecret } from './credentials-record.ts';
import type { ResolveContext } from './resolve-step.ts';
import { basicCredentialsId } from './stored/hash.ts';
import { readStoredBasic } from './stored/stored-basic.ts';

/** SCRAM keys, and the secret whose password they are of. */
export interface KeptScramKeys extends ScramKeys {
  readonly secretId: string;
}

/** Where the SCRAM keys of secrets are, which only those who ask for them need. */
export interface ScramKeyStore {
  /**
   * The keys of these secrets, those of the newest secret first.
   * @param secretIds may be empty, and is looked for all the same: how long the answer takes says nothing then.
   * @throws when the storage cannot be asked.
   */
  findScramKeys(secretIds: readonly string[]): Promise<readonly KeptScramKeys[]>;
}

export interface ScramContext {
  readonly store: ScramKeyStore;
  /** Keys for those who have none, see `scram-decoy.ts`. */
  readonly decoy: (attempt: ScramAttempt) => ScramKeys;
}

/**
 * Finds the keys with which a broker checks a SCRAM client's proof (`brokers/emqx/emqx.md` section 7): those of the MQTT basic
 * credentials with this user name, as for a password. An allow says that the client may enter *if* its proof is right.
 *
 * Nothing is proved yet, so the answer must not tell who is known here (RFC 5802 section 9): a client that is refused over what
 * is stored gets keys too, which no password has. For the same reason no session's rate limit is asked: anybody could use it
 * up. During a rotation the newest secret counts, since the broker can check against one only.
 * @throws whatever the stores throw: not being able to ask is not a denial.
 */
export async function resolveScram(
  attempt: ScramAttempt,
  context: ResolveContext,
  scram: ScramContext,
): Promise<Decision> {
  const steps: Step[] = [];
  const without = certificateOnly(attempt, context, steps);
  if (without !== undefined) return without;
  if (attempt.certificate.kind !== 'none') {
    // A presented certificate never falls back to a password (src/README.md, "Trust").
    steps.push({ step: 'scram', detail: 'the client has a certificate, which is what it logs in with' });
    return deny('not_supported', steps);
  }
  const record = await find(attempt, context, steps);
  const now = context.now();
  const open = record?.secrets.filter((secret) => closed(secret, now) === undefined) ?? [];
  const kept = await scram.store.findScramKeys(open.map(({ id }) => id));
  const keys = kept.find((one) => fits(one, attempt));
  const decision = record === undefined ? refuse('credentials_unknown', attempt, steps) : enter(record);
  if (decision.outcome === 'allow') return { ...decision, scramKeys: keys };
  return decision.outcome === 'deny' ? { ...decision, scramKeys: scram.decoy(attempt) } : decision;

  function enter(found: CredentialsRecord): Decision {
    if (keys === undefined) {
      steps.push({
        step: 'scram',
        detail: `no keys of ${attempt.algorithm} and ${attempt.iterations} iterations`,
      });
      const [first] = open.length > 0 ? [] : found.secrets;
      return refuse((first && closed(first, now)) ?? 'scram_keys_missing', attempt, steps);
    }
    const secretNotAfter = open.find(({ id }) => id === keys.secretId)?.notAfter;
    steps.push({ step: 'scram', detail: 'keys told; the proof is for the broker to check' });
    return admit({ record: found, refusal: connackForRefusedBasic(attempt), secretNotAfter }, context, steps);
  }
}

/** The same lookups as with a password (`thingsboard.md` section 1.1): client id and user name together, then the user name. */
async function find(
  { clientId, username }: ScramAttempt,
  context: ResolveContext,
  steps: Step[],
): Promise<CredentialsRecord | undefined> {
  if (isUnusable(clientId) || isUnusable(username)) {
    steps.push({ step: 'basic', detail: 'client id or user name with a NUL or an unpaired surrogate' });
    return undefined;
  }
  const ids = [basicCredentialsId(clientId, username), username];
  const found = await context.store.findByCredentialsIds(ids);
  const record = ids
    .map((id) => found.get(id))
    .find((one) => one?.credentialsType === 'MQTT_BASIC' && isOf(one, clientId, username));
  steps.push({ step: 'by_user_name', detail: record === undefined ? 'none' : 'MQTT basic credentials' });
  return record;
}

/** It is the user name that is proved, so credentials without one are nobody's. */
function isOf({ credentialsValue }: CredentialsRecord, clientId: string, username: string): boolean {
  const stored = readStoredBasic(credentialsValue);
  return stored?.userName === username && (!stored.clientId || stored.clientId === clientId);
}

function fits(keys: ScramKeys, { algorithm, iterations }: ScramAttempt): boolean {
  return keys.algorithm === algorithm && keys.iterations === iterations;
}

function closed({ notBefore, notAfter }: StoredSecret, now: number): DenyReason | undefined {
  if (notAfter !== undefined && notAfter <= now) return 'credentials_expired';
  return notBefore !== undefined && notBefore > now ? 'credentials_not_yet_valid' : undefined;
}

function refuse(reason: DenyReason, attempt: ScramAttempt, steps: readonly Step[]): Decision {
  return deny(reason, steps, connackForRefusedBasic(attempt), true);
}
