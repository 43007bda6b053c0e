import {
  type Allow,
  type Decision,
  type DenyReason,
  deny,
  type FollowUp,
  type Step,
  type TopicRights,
  unavailable,
} from '../../model/decision.ts';
import { chain, type MaybePromise } from '../../model/maybe-promise.ts';
import type {
  ConnectAttempt,
  PeerAddressTrust,
  Question,
  ScramAttempt,
  TopicAccess,
} from '../../model/question.ts';
import type { RuleSet } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { decideTopic, type TopicDecision } from '../access/decide-topic.ts';
import type { NameSource } from '../certificates/certificate-name.ts';
import type { ChainProvisioning } from '../credentials/certificate/certificate-chain.ts';
import type { CertificateNames, CertificateNameUse } from '../credentials/certificate/certificate-names.ts';
import type { CredentialsStore } from '../credentials/credentials-record.ts';
import type { DenyList } from '../credentials/deny-list.ts';
import { type IdentifyContext, identify, passportHolder } from '../credentials/identify.ts';
import type { Passports } from '../credentials/passport.ts';
import { resolve } from '../credentials/resolve.ts';
import type { CertificateTrust } from '../credentials/resolve-step.ts';
import { resolveScram, type ScramContext } from '../credentials/scram-login.ts';
import type { VerifySecret } from '../credentials/verify-secret.ts';
import { decisionOnError } from './failure.ts';

/** Turns a broker-neutral question into a decision. Never throws: what goes wrong is a decision too. */
export interface Decider {
  decide(question: Question, settings: DeciderSettings): MaybePromise<Decision>;
}

/** The operator's settings for a broker's certificates, besides their forms. */
export interface CertificateSettings {
  /** Forms that are believed although the TLS endpoint did not verify the certificate. */
  readonly uncheckedCertificateForms: ReadonlySet<string>;
  /** Whether a listener admits nobody without a verified certificate. */
  readonly certificateOnly: (listener: string | undefined) => boolean;
  /** What a certificate's name alone is compared with. */
  readonly certificateNames: CertificateNameUse;
}

/** How the operator has set a broker up, as far as that bears on decisions. */
export interface DecisionSettings extends Partial<CertificateSettings> {
  /** Unknown clients are left to the broker's next authenticator instead of being refused. */
  readonly noOpinionOnUnknown: boolean;
  /** The broker gives each device its own topic tree (a mount point per device). */
  readonly perDeviceMountpoint: boolean;
  /** Accept ThingsBoard's provisioning session (user name or client id `provision`). */
  readonly provisionSessions: boolean;
  /** The forms in which a certificate, or its name alone, is believed from this broker; empty: none is read. */
  readonly certificateForms: ReadonlySet<string>;
}

/** What the decider knows of a broker: how it is set up, and what its dialect can carry. */
export interface DeciderSettings extends DecisionSettings {
  /** The broker hands passports back at topic checks, so connect decisions carry one. */
  readonly carriesPassport: boolean;
  /** The broker is told what a client may do, so connect decisions carry its rights. */
  readonly sendsAclAtConnect: boolean;
  /** Whether the broker itself saw the address that it gives for a client. */
  readonly trustsPeerAddress?: PeerAddressTrust | undefined;
  /** How the broker writes certificates' names. */
  readonly nameSource?: NameSource | undefined;
}

export interface DeciderParts {
  readonly credentials: CredentialsStore;
  readonly verifySecret: VerifySecret;
  readonly passports: Passports;
  /** The operators' rules in force at this moment. */
  readonly rules: () => RuleSet;
  readonly skipCertificateDates: boolean;
  /** Where certificate profiles and their devices are; without it, unknown certificates are unknown. */
  readonly provisioning?: ChainProvisioning | undefined;
  /** What is denied at this moment, whatever it proves. */
  readonly denyList?: (() => DenyList | undefined) | undefined;
  /** What is asked of certificates beyond ThingsBoard's rules. */
  readonly trust?: CertificateTrust | undefined;
  /** Where certificate names are looked up; without it, they identify nobody. */
  readonly names?: CertificateNames | undefined;
  /** Where SCRAM keys are looked up; without it, no client proves itself by them. */
  readonly scram?: ScramContext | undefined;
  /** Told of logins that were granted and lead to something, with the password that came; must return at once. */
  readonly afterLogin?: ((followUp: FollowUp, password: string | undefined) => void) | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told of what should not happen: the store failing, a bug. */
  readonly onError: (error: unknown) => void;
}

export function createDecider(parts: DeciderParts): Decider {
  /** For finding out whose client it is; devices come into being only when they connect. */
  const contextFor = oncePerEndpoint(newContext);
  const connectContextFor = oncePerEndpoint((settings) => ({
    ...newContext(settings),
    provisioning: parts.provisioning,
  }));

  function newContext(settings: DeciderSettings): IdentifyContext {
    return {
      store: parts.credentials,
      verifySecret: parts.verifySecret,
      passports: parts.passports,
      now: parts.now,
      provisionSessions: settings.provisionSessions,
      skipCertificateDates: parts.skipCertificateDates,
      certificatesInUse: settings.certificateForms.size > 0,
      uncheckedCertificateForms: settings.uncheckedCertificateForms,
      certificateOnly: settings.certificateOnly,
      certificateNames: settings.certificateNames,
      nameSource: settings.nameSource,
      names: parts.names,
      trust: parts.trust,
      denyList: parts.denyList,
    };
  }

  function connect(attempt: ConnectAttempt, settings: DeciderSettings): MaybePromise<Decision> {
    return chain(resolve(attempt, connectContextFor(settings)), (decision) =>
      concludeConnect(withIgnored(decision, attempt.ignoredCertificates), attempt, settings),
    );
  }

  function concludeConnect(decision: Decision, attempt: ConnectAttempt, settings: DeciderSettings): Decision {
    if (decision.outcome === 'allow') {
      if (decision.followUp !== undefined) parts.afterLogin?.(decision.followUp, attempt.password);
      return equip(decision, attempt, settings);
    }
    if (
      decision.outcome === 'deny' &&
      settings.noOpinionOnUnknown &&
      decision.reason === 'credentials_unknown'
    ) {
      return { ...decision, outcome: 'no_opinion' };
    }
    return decision;
  }

  async function scram(attempt: ScramAttempt, settings: DeciderSettings): Promise<Decision> {
    if (parts.scram === undefined) return deny('not_supported');
    const decision = await resolveScram(attempt, contextFor(settings), parts.scram);
    if (decision.outcome !== 'allow') return decision;
    return { ...equip(decision, attempt, settings), scramKeys: decision.scramKeys };
  }

  /** What the broker is given to keep for the length of the connection, where it can. */
  function equip(decision: Allow, attempt: ConnectAttempt, settings: DeciderSettings): Allow {
    if (!settings.carriesPassport && !settings.sendsAclAtConnect) return decision;
    const passport = settings.carriesPassport
      ? parts.passports.issue(attempt.clientId, passportHolder(decision))
      : undefined;
    const rights = settings.sendsAclAtConnect
      ? {
          subject: holderOf(decision),
          rules: parts.rules(),
          perDeviceMountpoint: settings.perDeviceMountpoint,
        }
      : undefined;
    return withParts(decision, decision.steps, passport, rights);
  }

  /**
   * All accesses are of one client and must all be allowed; the first that is not decides. With `each` one is enough, and
   * the decision says which are.
   */
  function topics(
    accesses: readonly TopicAccess[],
    settings: DeciderSettings,
    each: boolean,
  ): MaybePromise<Decision> {
    const first = accesses[0];
    if (first === undefined) return deny('topic_invalid');
    return chain(identify(first, contextFor(settings)), (client) =>
      client.outcome === 'allow' ? decideTopics(client, accesses, settings, each) : client,
    );
  }

  function decideTopics(
    client: Allow,
    accesses: readonly TopicAccess[],
    settings: DeciderSettings,
    each: boolean,
  ): Decision {
    const subject = holderOf(client);
    const steps = [...client.steps];
    const granted: boolean[] = [];
    let refused: DenyReason | undefined;
    for (const access of accesses) {
      const detail = decideTopic(subject, access, parts.rules(), {
        perDeviceMountpoint: settings.perDeviceMountpoint,
      });
      steps.push({ step: access.action, detail: describe(detail) });
      granted.push(detail.allowed);
      if (detail.allowed) continue;
      refused ??= detail.reason;
      if (!each) break;
    }
    if (refused === undefined) return withParts(client, steps, client.passport, client.rights);
    if (!each || !granted.includes(true)) return deny(refused, steps);
    return { ...withParts(client, steps, client.passport, client.rights), granted };
  }

  function byKind(question: Question, settings: DeciderSettings): MaybePromise<Decision> {
    switch (question.kind) {
      case 'settled':
        return question.decision;
      case 'connect':
        return connect(question.attempt, settings);
      case 'scram':
        return scram(question.attempt, settings);
      case 'topic':
        return topics(question.accesses, settings, question.each ?? false);
      case 'identity':
        return chain(identify(question.claim, contextFor(settings)), (client) =>
          client.outcome === 'allow' ? question.permit(client) : client,
        );
    }
  }

  function decideFailure(error: unknown): Decision {
    const known = decisionOnError(error);
    if (known !== undefined) return known;
    parts.onError(error);
    return unavailable('storage_unavailable');
  }

  return {
    decide(question, settings) {
      try {
        const decision = byKind(question, settings);
        return decision instanceof Promise ? decision.catch(decideFailure) : decision;
      } catch (error) {
        return decideFailure(error);
      }
    },
  };
}

/**
 * Settings are there for as long as their endpoint is, so what is made of them is kept as long: an object of so many members, made
 * anew for each decision, costs 10 µs of 45.
 */
function oncePerEndpoint(make: (settings: DeciderSettings) => IdentifyContext) {
  const made = new WeakMap<DeciderSettings, IdentifyContext>();
  return (settings: DeciderSettings): IdentifyContext => {
    let context = made.get(settings);
    if (context === undefined) {
      context = make(settings);
      made.set(settings, context);
    }
    return context;
  };
}

/** Member by member: a member behind an object spread costs V8 some microseconds, more than all else here. */
function withParts(
  { role, device, credentialsId, expiresAt, names, commonName, connack }: Allow,
  steps: readonly Step[],
  passport: string | undefined,
  rights: TopicRights | undefined,
): Allow {
  return {
    outcome: 'allow',
    role,
    device,
    credentialsId,
    expiresAt,
    names,
    commonName,
    connack,
    steps,
    passport,
    rights,
  };
}

function holderOf(client: Allow): TopicSubject {
  return {
    role: client.role,
    clientId: client.names?.clientId,
    username: client.names?.username,
    device: client.device,
    commonName: client.commonName,
  };
}

function describe(detail: TopicDecision): string {
  return detail.allowed ? `allowed by ${detail.by}` : `${detail.reason}, by ${detail.by}`;
}

/** A certificate in a form that is not enabled decides nothing, but the operator must find it in the steps. */
function withIgnored(decision: Decision, ignored: readonly string[] | undefined): Decision {
  if (ignored === undefined || ignored.length === 0) return decision;
  const steps = [{ step: 'certificate_forms', detail: `not read: ${ignored.join('; ')}` }, ...decision.steps];
  if (decision.outcome !== 'allow') return { ...decision, steps };
  return withParts(decision, steps, decision.passport, decision.rights);
}
