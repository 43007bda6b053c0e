import {
  CONNACK_SERVER_UNAVAILABLE,
  type Decision,
  type DenyReason,
  deny,
  type Step,
} from '../../model/decision.ts';
import { chain, type MaybePromise } from '../../model/maybe-promise.ts';
import type { ConnectAttempt } from '../../model/question.ts';
import { admit } from './admit.ts';
import { connackForRefusedBasic } from './connack.ts';
import type { CredentialsRecord, StoredSecret } from './credentials-record.ts';
import type { ResolveContext } from './resolve-step.ts';
import { basicCredentialsId } from './stored/hash.ts';
import { storedBasicOf } from './stored/stored-basic.ts';

/** How a stored MQTT_BASIC credential compares with what was presented (`thingsboard.md` section 1.1, `match`). */
type BasicMatch =
  | {
      readonly detail: 'VALID';
      readonly secret?: StoredSecret | undefined;
      readonly outdated?: boolean | undefined;
    }
  | { readonly detail: 'PASSWORD_MISMATCH'; readonly reason: DenyReason }
  | { readonly detail: 'HASH_MISMATCH' }
  | { readonly detail: 'UNREADABLE' };

/** Neither can reach a credential: MQTT carries no NUL and no unpaired surrogate, and PostgreSQL refuses a batch for one. */
export function isUnusable(text: string): boolean {
  return text.includes('\0') || !text.isWellFormed();
}

/**
 * Token, user name or client id: ThingsBoard's chain of lookups (`thingsboard.md` section 1.1). Both possible ids are
 * asked for at once, so that the store is asked once whatever the chain needs.
 */
export function basicChain(
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): MaybePromise<Decision> {
  const { clientId } = attempt;
  const userName = attempt.username ?? '';
  if (isUnusable(clientId) || isUnusable(userName)) {
    steps.push({ step: 'basic', detail: 'client id or user name with a NUL or an unpaired surrogate' });
    return refuse('malformed_string', attempt, steps);
  }
  const hashedId = basicCredentialsId(clientId, userName);
  const ids = userName === '' ? [hashedId] : [hashedId, userName];
  return chain(context.store.findByCredentialsIds(ids), (found) => {
    const byHash = found.get(hashedId);
    const step = userName === '' ? 'by_client_id' : 'by_client_id_and_user_name';
    if (byHash?.credentialsType !== 'MQTT_BASIC') {
      steps.push({ step, detail: byHash === undefined ? 'none' : `of type ${byHash.credentialsType}` });
      if (userName === '') return refuse('credentials_unknown', attempt, steps);
      return byUserName(found.get(userName), attempt, context, steps);
    }
    return chain(compare(byHash, attempt, context), (matched) => {
      steps.push({ step, detail: matched.detail });
      // Without a user name there is nowhere to go on to.
      if (matched.detail === 'HASH_MISMATCH' && userName !== '')
        return byUserName(found.get(userName), attempt, context, steps);
      return conclude(byHash, matched, attempt, context, steps);
    });
  });
}

function byUserName(
  record: CredentialsRecord | undefined,
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): MaybePromise<Decision> {
  if (record === undefined) {
    steps.push({ step: 'by_user_name', detail: 'none' });
    return refuse('credentials_unknown', attempt, steps);
  }
  switch (record.credentialsType) {
    case 'ACCESS_TOKEN':
      // Password and client id are ignored entirely.
      steps.push({ step: 'by_user_name', detail: 'an access token' });
      return conclude(record, { detail: 'VALID' }, attempt, context, steps);
    case 'MQTT_BASIC':
      return chain(compare(record, attempt, context), (matched) => {
        steps.push({ step: 'by_user_name', detail: matched.detail });
        return conclude(record, matched, attempt, context, steps);
      });
    default:
      steps.push({ step: 'by_user_name', detail: `of type ${record.credentialsType}` });
      return refuse('credentials_type_mismatch', attempt, steps);
  }
}

function compare(
  record: CredentialsRecord,
  attempt: ConnectAttempt,
  context: ResolveContext,
): MaybePromise<BasicMatch> {
  const stored = storedBasicOf(record);
  if (stored === undefined) return { detail: 'UNREADABLE' };
  if (stored.clientId && stored.clientId !== attempt.clientId) return { detail: 'HASH_MISMATCH' };
  if (stored.userName && stored.userName !== (attempt.username ?? '')) return { detail: 'HASH_MISMATCH' };
  // A stored empty password accepts any, but never where a secret is stored apart from it.
  if (!stored.password && record.secrets.length === 0) return { detail: 'VALID' };
  const { password = '' } = attempt;
  return chain(
    context.verifySecret(record, stored.password ?? '', password, context.now()),
    (verdict): BasicMatch =>
      verdict.valid
        ? { detail: 'VALID', secret: verdict.secret, outdated: verdict.outdated }
        : { detail: 'PASSWORD_MISMATCH', reason: SECRET_REASONS[verdict.reason] },
  );
}

const SECRET_REASONS = {
  mismatch: 'password_mismatch',
  expired: 'credentials_expired',
  not_yet_valid: 'credentials_not_yet_valid',
} as const;

function conclude(
  record: CredentialsRecord,
  matched: BasicMatch,
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): Decision {
  switch (matched.detail) {
    case 'VALID':
      return admit(
        {
          record,
          refusal: connackForRefusedBasic(attempt),
          secretNotAfter: matched.secret?.notAfter,
          secret: matched.secret,
          outdated: matched.outdated,
        },
        context,
        steps,
      );
    case 'PASSWORD_MISMATCH':
      return refuse(matched.reason, attempt, steps);
    case 'HASH_MISMATCH':
      return refuse('credentials_mismatch', attempt, steps);
    case 'UNREADABLE':
      // ThingsBoard's core throws, and the client sees a server error; no failed login is counted (section 1.2).
      return deny('credentials_unreadable', steps, CONNACK_SERVER_UNAVAILABLE);
  }
}

function refuse(reason: DenyReason, attempt: ConnectAttempt, steps: Step[]): Decision {
  return deny(reason, steps, connackForRefusedBasic(attempt), true);
}
