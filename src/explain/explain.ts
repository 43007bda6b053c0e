import { type Dialect, type Question, RequestUnreadable, type WebhookRequest } from '../brokers/dialect.ts';
import type { CredentialsRecord, CredentialsStore, CredentialsType } from '../credentials/record.ts';
import type { Decider, DeciderSettings } from '../decider.ts';
import { DENY_REASONS, type Decision, deny, type Step, UNAVAILABLE_REASONS } from '../decision.ts';
import { nameSecret } from '../operations/decision-log.ts';
import { connackSeen } from './connack.ts';
import { suggest } from './suggestion.ts';

/** What is explained: a broker-neutral question, or a request as the broker sent it, to one of its endpoints. */
export type Asked =
  | { readonly question: Question }
  | { readonly request: WebhookRequest; readonly path: string };

/** Why a decision is what it is. Credentials ids, which may be tokens, are named by short hashes. */
export interface Explanation {
  readonly broker: string;
  readonly endpoint?: string | undefined;
  readonly outcome: Decision['outcome'];
  readonly reason?: string | undefined;
  readonly sentence?: string | undefined;
  readonly role?: string | undefined;
  readonly device?: { readonly id: string; readonly name: string; readonly profile: string } | undefined;
  readonly steps: readonly Step[];
  /** Credentials ids that were looked up, in order. */
  readonly lookups: readonly { readonly id: string; readonly found?: string | undefined }[];
  /** The form in which a certificate came. */
  readonly certificateForm?: string | undefined;
  readonly ignoredCertificates: readonly string[];
  /** What the client sees of this broker; for connect questions. */
  readonly connack?: string | undefined;
  /** What the broker is answered; without the body where that holds keys. */
  readonly answer?: { readonly status: number; readonly body?: string | undefined } | undefined;
  readonly suggestion?: string | undefined;
}

export interface ExplainParts {
  readonly credentials: CredentialsStore;
  /** The deciding code over this store, with ports that change nothing. */
  readonly deciderOver: (credentials: CredentialsStore) => Decider;
  /** The types of the credentials of the device of this name; `undefined` where there is none. */
  readonly credentialsOf: (deviceName: string) => Promise<readonly CredentialsType[] | undefined>;
}

/** Decides as the server would, and tells how it came to that. Changes nothing. */
export async function explain(
  parts: ExplainParts,
  dialect: Dialect,
  settings: DeciderSettings,
  asked: Asked,
): Promise<Explanation> {
  const lookups = new Map<string, CredentialsRecord | undefined>();
  const decider = parts.deciderOver(watched(parts.credentials, lookups));
  const { question, refused } = read(dialect, settings, asked);
  const decision = refused ?? (await decider.decide(question as Question, settings));
  const endpoint = 'path' in asked ? endpointOf(dialect, asked) : endpointFor(dialect, question);
  const client = clientOf(question);
  const ignoredCertificates =
    question?.kind === 'connect' ? (question.attempt.ignoredCertificates ?? []) : [];
  const namesake =
    decision.outcome === 'allow' || !client?.clientId?.isWellFormed() || client.clientId.includes('\0')
      ? undefined
      : await parts.credentialsOf(client.clientId);
  const device = decision.outcome === 'allow' ? decision.device : undefined;
  return {
    broker: dialect.broker,
    endpoint: endpoint?.name,
    outcome: decision.outcome,
    ...why(decision),
    role: decision.outcome === 'allow' ? decision.role : undefined,
    device: device && { id: device.id, name: device.name, profile: device.profileName },
    steps: decision.steps,
    lookups: [...lookups].map(([id, record]) => ({
      id: nameSecret(id) ?? '',
      found: record && `${record.credentialsType} of device ${record.device?.name ?? 'that does not exist'}`,
    })),
    certificateForm: client && client.certificate.kind !== 'none' ? client.certificate.form : undefined,
    ignoredCertificates,
    connack: question?.kind === 'connect' ? connackSeen(dialect.broker, decision) : undefined,
    answer: 'path' in asked ? answered(endpoint, decision, question) : undefined,
    suggestion: suggest(decision, { namesake, ignoredCertificate: ignoredCertificates.length > 0 }),
  };
}

function read(
  dialect: Dialect,
  settings: DeciderSettings,
  asked: Asked,
): { readonly question?: Question; readonly refused?: Decision } {
  if ('question' in asked) return asked;
  const endpoint = endpointOf(dialect, asked);
  if (endpoint === undefined) {
    return {
      refused: deny('request_unreadable', [{ step: 'read_request', said: 'no endpoint of this broker' }]),
    };
  }
  try {
    return { question: endpoint.read(asked.request, settings) };
  } catch (error) {
    if (!(error instanceof RequestUnreadable)) throw error;
    return { refused: deny('request_unreadable', [{ step: 'read_request', said: error.message }]) };
  }
}

function endpointOf({ endpoints }: Dialect, { path, request }: Extract<Asked, { path: string }>) {
  // A secret in the path is the broker's proof of itself, and no part of the question.
  const plain = path.replace(/^\/k\/[^/]+(?=\/)/, '');
  return endpoints.find(
    (one) => one.path === plain && (one.methods as readonly string[]).includes(request.method),
  );
}

function endpointFor({ endpoints }: Dialect, question: Question | undefined) {
  return endpoints.find(({ name }) => name === question?.kind);
}

function clientOf(question: Question | undefined) {
  switch (question?.kind) {
    case 'connect':
    case 'scram':
      return question.attempt;
    case 'topic':
      return question.accesses[0];
    case 'identity':
      return question.claim;
    default:
      return undefined;
  }
}

function why(decision: Decision): Pick<Explanation, 'reason' | 'sentence'> {
  if (decision.outcome === 'allow') return {};
  const { reason } = decision;
  const sentence =
    decision.outcome === 'unavailable' ? UNAVAILABLE_REASONS[decision.reason] : DENY_REASONS[decision.reason];
  return { reason, sentence };
}

/** An allow may carry a passport, and both may carry SCRAM keys: nobody but the broker is to hold these. */
function answered(
  endpoint: Dialect['endpoints'][number] | undefined,
  decision: Decision,
  question?: Question,
) {
  if (endpoint === undefined) return undefined;
  const { status, body } = endpoint.answer(decision, question);
  const holdsKeys = decision.outcome === 'allow' || 'scramKeys' in decision;
  return { status, body: holdsKeys ? undefined : body };
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
