import type { Dialect, EndpointSettings } from '../../brokers/dialect.ts';
import type { SeenByClient } from '../../brokers/refused-connect.ts';
import { DIALECT_OF } from '../../brokers/registry.ts';
import { CONNACK_RATE_LIMITED } from '../../engine/credentials/connack.ts';
import type { CredentialsRecord, CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import type { Decider } from '../../engine/deciding/decider.ts';
import { DENY_REASONS, type Decision, deny, UNAVAILABLE_REASONS } from '../../model/decision.ts';
import type { CredentialsType } from '../../model/device.ts';
import { type BrokerName, clientOf, type Question } from '../../model/question.ts';
import { nameSecret } from '../../server/logging/decision-log.ts';
import { shownText } from '../../server/logging/decisions/shown-text.ts';
import type {
  Asked,
  AskedRequest,
  Explanation,
  InForce,
  NeutralQuestion,
  Verdict,
} from '../../server/management/explanation.ts';
import type { Blocked } from '../../server/throttle/failure-book.ts';
import type { AskedWebhooks } from './asked-webhooks.ts';
import { questionOf } from './neutral-question.ts';
import { suggest } from './suggestion.ts';
import { understoodOf } from './understood.ts';

export interface ExplainParts {
  readonly credentials: CredentialsStore;
  /** The deciding code over this store, with ports that change nothing. */
  readonly deciderOver: (credentials: CredentialsStore) => Decider;
  readonly settingsOf: (dialect: Dialect) => EndpointSettings;
  /** The brokers' endpoints, opened when first asked for. */
  readonly webhooks: () => Promise<AskedWebhooks>;
  /** The types of the credentials of the device of this name; `undefined` if it does not exist. */
  readonly credentialsOf: (deviceName: string) => Promise<readonly CredentialsType[] | undefined>;
  /** Why a login would be refused at this moment whatever it brings; absent where no server is there to know. */
  readonly blockOf?: InForce['blockOf'];
}

/** What the decider came by on its way. */
interface Trail {
  readonly lookups: Map<string, CredentialsRecord | undefined>;
  settings?: EndpointSettings;
  block?: Blocked;
  unblocked?: Decision;
}

/** What was asked, decided and answered; the same for both ways to ask. */
interface Outcome {
  readonly broker?: BrokerName;
  readonly endpoint?: string;
  readonly question?: Question | undefined;
  readonly decision: Decision;
  readonly answer?: { readonly status: number; readonly body: string } | undefined;
}

/**
 * Decides as the server would, and tells how it came to that. Changes nothing.
 * @throws {ThingPassError} `request_invalid` for what cannot be asked at all.
 */
export async function explain(parts: ExplainParts, asked: Asked): Promise<Explanation> {
  const trail: Trail = { lookups: new Map() };
  const decider = withTrail(parts, trail);
  const outcome =
    'question' in asked
      ? await askNeutrally(parts, decider, asked.question)
      : await askAsBroker(parts, decider, asked.request);
  return tell(parts, trail, outcome);
}

/** The decider, with what it looks up written down; a client that is blocked is refused as the server would. */
function withTrail(parts: ExplainParts, trail: Trail): Decider {
  const decider = parts.deciderOver(watched(parts.credentials, trail.lookups));
  return {
    async decide(question, settings) {
      trail.settings = settings;
      const decision = await decider.decide(question, settings);
      if (question.kind !== 'connect' && question.kind !== 'scram') return decision;
      const block = await parts.blockOf?.(question.attempt, settings);
      if (block === undefined) return decision;
      trail.block = block;
      trail.unblocked = decision;
      const detail = [{ step: 'throttle', detail: `by ${block.by}` }, ...decision.steps];
      return deny('throttled', detail, CONNACK_RATE_LIMITED);
    },
  };
}

async function askNeutrally(parts: ExplainParts, decider: Decider, asked: NeutralQuestion): Promise<Outcome> {
  const dialect = DIALECT_OF[asked.broker];
  const settings = parts.settingsOf(dialect);
  const question = questionOf(asked, settings);
  const decision = await decider.decide(question, settings);
  const endpoint = dialect.endpoints.find(({ name }) => name === question.kind);
  const answer = (endpoint ?? dialect.endpoints[0])?.answer(decision, question);
  return { broker: asked.broker, endpoint: endpoint?.name ?? question.kind, question, decision, answer };
}

async function askAsBroker(parts: ExplainParts, decider: Decider, asked: AskedRequest): Promise<Outcome> {
  const { reply, decided } = await (await parts.webhooks()).ask(asked, decider);
  if (decided !== undefined) return { ...decided, answer: reply };
  const detail = 'no broker’s endpoint has this method and path, or it is no HTTP request';
  return { decision: deny('request_unreadable', [{ step: 'read_request', detail }]), answer: reply };
}

async function tell(parts: ExplainParts, trail: Trail, outcome: Outcome): Promise<Explanation> {
  const { broker, endpoint, question, decision, answer } = outcome;
  const device = decision.outcome === 'allow' ? decision.device : undefined;
  const ignoredCertificates =
    question?.kind === 'connect' ? (question.attempt.ignoredCertificates ?? []) : [];
  // What helps where the client is blocked is what helps without the block.
  const cause = trail.unblocked ?? decision;
  return {
    broker,
    endpoint,
    ...verdictOf(decision),
    role: decision.outcome === 'allow' ? decision.role : undefined,
    device: device && { id: device.id, name: device.name, profile: device.profileName },
    understood: question && understoodOf(question, trail.settings),
    steps: decision.steps.map(({ step, detail }) => ({ step, detail: shownText(detail, SAID_BYTES) })),
    lookups: [...trail.lookups].map(([id, record]) => ({
      id: nameSecret(id) ?? '',
      found: record && `${record.credentialsType} of device ${record.device?.name ?? 'that does not exist'}`,
    })),
    blocked: trail.block && shownBlock(trail.block),
    unblocked: trail.unblocked && verdictOf(trail.unblocked),
    ignoredCertificates,
    connack: connackOf(outcome),
    answer: answer && { status: answer.status, body: holdsKeys(decision) ? undefined : answer.body },
    suggestion: suggest(cause, {
      namesake: await namesakeOf(parts, cause, question),
      ignoredCertificate: ignoredCertificates.length > 0,
      blockedUntil: trail.block?.until,
    }),
  };
}

function shownBlock({ by, value, failures, until }: Blocked): Explanation['blocked'] {
  return { by, value, failures, until: new Date(until).toISOString() };
}

const SAID_BYTES = 2_048;

/** Questions that a broker asks, or may ask, before it answers CONNECT. */
const BEFORE_CONNACK: ReadonlySet<string> = new Set(['connect', 'scram', 'vhost', 'hook']);

function connackOf({ broker, endpoint = '', question, decision, answer }: Outcome): string | undefined {
  if (broker === undefined || answer === undefined || !BEFORE_CONNACK.has(endpoint)) return undefined;
  if (endpoint === 'hook' && question?.kind !== 'connect') return undefined;
  return connackSeen(broker, endpoint, decision, answer.status);
}

function verdictOf(decision: Decision): Verdict {
  const { outcome } = decision;
  if (outcome === 'allow') return { outcome };
  const sentence =
    outcome === 'unavailable' ? UNAVAILABLE_REASONS[decision.reason] : DENY_REASONS[decision.reason];
  return { outcome, reason: decision.reason, sentence };
}

/** The types of credentials of a device that is named like the client id of somebody who is refused. */
async function namesakeOf(parts: ExplainParts, decision: Decision, question: Question | undefined) {
  const clientId = clientOf(question)?.clientId;
  if (decision.outcome === 'allow' || !clientId?.isWellFormed() || clientId.includes('\0')) return undefined;
  return parts.credentialsOf(clientId);
}

/** An allow may carry a passport, and both may carry SCRAM keys: nobody but the broker is to hold these. */
function holdsKeys(decision: Decision): boolean {
  return decision.outcome === 'allow' || ('scramKeys' in decision && decision.scramKeys !== undefined);
}

/** The same store, every id that is asked for and what it found written down. */
function watched(
  store: CredentialsStore,
  lookups: Map<string, CredentialsRecord | undefined>,
): CredentialsStore {
  return {
    async findByCredentialsIds(ids) {
      const found = await store.findByCredentialsIds(ids);
      for (const id of ids) lookups.set(id, found.get(id));
      return found;
    },
  };
}

/**
 * What the client will see of that broker at CONNECT; `undefined` where the answer is not a broker's, and decides no CONNECT.
 * @param endpoint its name. @param status of the answer.
 * @internal
 */
export function connackSeen(
  broker: BrokerName,
  endpoint: string,
  decision: Decision,
  status: number,
): string | undefined {
  const { refusedConnect } = DIALECT_OF[broker];
  if (refusedConnect === null) return undefined;
  if (decision.outcome === 'allow') return textOf({ mqtt3: 0 });
  if (typeof refusedConnect === 'function') return textOf(refusedConnect(decision, endpoint, status));
  return textOf(refusedConnect[decision.outcome] ?? refusedConnect.deny);
}

function textOf({ mqtt3, mqtt5, note }: SeenByClient): string {
  const parts = [
    mqtt3 === undefined ? undefined : `CONNACK ${mqtt3}`,
    mqtt5 === undefined ? undefined : `MQTT 5: 0x${mqtt5.toString(16)}`,
    note,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
