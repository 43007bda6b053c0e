import {
  type Allow,
  CONNACK_ACCEPTED,
  CONNACK_NOT_AUTHORIZED,
  type Decision,
  deny,
  type Step,
} from '../../model/decision.ts';
import { chain, type MaybePromise } from '../../model/maybe-promise.ts';
import type { ClientClaim } from '../../model/question.ts';
import { type AdmitContext, admitDevice, allowDevice, refuseDenied } from './admit.ts';
import { isUnusable } from './basic.ts';
import type { CredentialsRecord } from './credentials-record.ts';
import type { Passports } from './passport.ts';
import { PROVISION, resolve } from './resolve.ts';
import type { ResolveContext } from './resolve-step.ts';
import { basicCredentialsId } from './stored/hash.ts';
import { storedBasicOf } from './stored/stored-basic.ts';

export interface IdentifyContext extends ResolveContext {
  readonly passports: Passports;
  /**
   * Clients of this endpoint may have come by certificate or certificate name, and such a client may send any user name:
   * then a name alone never selects credentials that have a password.
   */
  readonly certificatesInUse: boolean;
}

/**
 * Who asks, at a topic check, which carries no proof (src/README.md, "Who is asking"): by the passport that the connect answer
 * gave to the broker, by the whole resolution where the password came along, else by the same resolution less the secret.
 * @param context without `provisioning`: devices come into being when they connect.
 * @returns an `Allow` that stands for the client, not for any topic.
 * @throws whatever the store throws.
 */
export function identify(claim: ClientClaim, context: IdentifyContext): MaybePromise<Decision> {
  if (claim.passport) return byPassport(claim, claim.passport, context);
  if (claim.password !== undefined || claim.certificate.kind !== 'none') {
    return resolve(claim, context);
  }
  return byNames(claim, context);
}

function byPassport(claim: ClientClaim, passport: string, context: IdentifyContext): MaybePromise<Decision> {
  const steps: Step[] = [];
  const subject = context.passports.read(claim.clientId, passport);
  if (subject === undefined) {
    steps.push({ step: 'passport', detail: 'not ours, or issued to another client id' });
    return deny('passport_invalid', steps);
  }
  if (subject === PROVISION_HOLDER) {
    steps.push({ step: 'passport', detail: 'a provisioning session' });
    return provisioningSession(context, steps);
  }
  const end = subject.indexOf('\0');
  const credentialsId = end < 0 ? subject : subject.slice(0, end);
  const commonName = end < 0 ? undefined : subject.slice(end + 1);
  return chain(context.store.findByCredentialsIds([credentialsId]), (found) => {
    const record = found.get(credentialsId);
    steps.push({ step: 'passport', detail: record === undefined ? 'its credentials are gone' : 'valid' });
    if (record === undefined) return deny('credentials_unknown', steps);
    return standFor(record, context, steps, commonName);
  });
}

/** In the place of a credentials id: it begins with what no MQTT text holds. */
const PROVISION_HOLDER = '\0provisioning session';

/**
 * Whom a passport names: the credentials id that matched and, behind a NUL, the common name of the certificate, so that
 * rules mean the same at a topic check as they did when the client connected.
 */
export function passportHolder({ credentialsId, commonName }: Allow): string {
  if (credentialsId === undefined) return PROVISION_HOLDER;
  return commonName === undefined ? credentialsId : `${credentialsId}\0${commonName}`;
}

function byNames(claim: ClientClaim, context: IdentifyContext): MaybePromise<Decision> {
  const steps: Step[] = [];
  const { clientId } = claim;
  const userName = claim.username ?? '';
  if (context.certificateOnly?.(claim.listener)) {
    steps.push({ step: 'certificate_only', detail: 'the listener admits certificates only, and none came' });
    return deny('certificate_required', steps);
  }
  if (userName === PROVISION || clientId === PROVISION) return provisioningSession(context, steps);
  if (isUnusable(clientId) || isUnusable(userName)) return deny('malformed_string', steps);

  const hashedId = basicCredentialsId(clientId, userName);
  const ids = userName === '' ? [hashedId] : [hashedId, userName];
  return chain(context.store.findByCredentialsIds(ids), (found) =>
    selectByNames(found, hashedId, claim, context, steps),
  );
}

function selectByNames(
  found: ReadonlyMap<string, CredentialsRecord>,
  hashedId: string,
  claim: ClientClaim,
  context: IdentifyContext,
  steps: Step[],
): Decision {
  const { clientId } = claim;
  const userName = claim.username ?? '';
  const byHash = found.get(hashedId);
  if (byHash?.credentialsType === 'MQTT_BASIC') {
    const detail = compareNames(byHash, clientId, userName);
    steps.push({ step: userName === '' ? 'by_client_id' : 'by_client_id_and_user_name', detail });
    if (detail === 'unreadable') return deny('credentials_unreadable', steps);
    if (detail === 'the same') return select(byHash, claim, context, steps);
  }
  const byUserName = userName === '' ? undefined : found.get(userName);
  if (byUserName?.credentialsType === 'ACCESS_TOKEN') {
    steps.push({ step: 'by_user_name', detail: 'an access token' });
    return select(byUserName, claim, context, steps);
  }
  if (byUserName?.credentialsType === 'MQTT_BASIC') {
    const detail = compareNames(byUserName, clientId, userName);
    steps.push({ step: 'by_user_name', detail });
    if (detail === 'unreadable') return deny('credentials_unreadable', steps);
    if (detail === 'the same') return select(byUserName, claim, context, steps);
  }
  steps.push({ step: 'by_names', detail: 'none' });
  return deny('credentials_unknown', steps);
}

/** Whether client id and user name are the stored ones, as in resolution, whatever the password. */
function compareNames(
  record: CredentialsRecord,
  clientId: string,
  userName: string,
): 'the same' | 'others' | 'unreadable' {
  const stored = storedBasicOf(record);
  if (stored === undefined) return 'unreadable';
  if (stored.clientId && stored.clientId !== clientId) return 'others';
  return stored.userName && stored.userName !== userName ? 'others' : 'the same';
}

function select(
  record: CredentialsRecord,
  claim: ClientClaim,
  context: IdentifyContext,
  steps: Step[],
): Decision {
  const mayBeAnothers = context.certificatesInUse && claim.provedItsNames !== true;
  const hasPassword = record.secrets.length > 0 || Boolean(storedBasicOf(record)?.password);
  if (mayBeAnothers && record.credentialsType === 'MQTT_BASIC' && hasPassword) {
    steps.push({
      step: 'by_names',
      detail: 'has a password, and certificate clients may send any name here',
    });
    return deny('credentials_unknown', steps);
  }
  return standFor(record, context, steps);
}

/** Nothing here is a failed login: no secret was presented, and anybody may name anybody. */
function standFor(
  record: CredentialsRecord,
  context: AdmitContext,
  steps: Step[],
  commonName?: string,
): Decision {
  const denied = refuseDenied(context.denyList?.()?.denies(record), steps);
  if (denied !== undefined) return denied;
  const now = context.now();
  if (record.notAfter !== undefined && record.notAfter <= now) return deny('credentials_expired', steps);
  if (record.notBefore !== undefined && record.notBefore > now)
    return deny('credentials_not_yet_valid', steps);
  const device = admitDevice(record, steps, CONNACK_NOT_AUTHORIZED);
  if ('outcome' in device) return { ...device, countsAsFailure: false };
  return allowDevice({ record, refusal: CONNACK_NOT_AUTHORIZED, commonName }, device, steps);
}

function provisioningSession(context: IdentifyContext, steps: Step[]): Decision {
  if (!context.provisionSessions) return deny('provision_session_not_allowed', steps);
  steps.push({ step: 'provision_session', detail: 'granted' });
  return { outcome: 'allow', role: 'provisioning_session', connack: CONNACK_ACCEPTED, steps };
}
