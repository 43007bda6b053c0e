import {
  DENY_REASONS,
  type Decision,
  type DenyReason,
  type Step,
  UNAVAILABLE_REASONS,
  type UnavailableReason,
} from '../../../model/decision.ts';
import type { DeviceIdentity, Role } from '../../../model/device-identity.ts';
import {
  type BrokerName,
  type ClientClaim,
  type ConnectAttempt,
  clientOf,
  type Question,
  type TopicAction,
} from '../../../model/question.ts';
import { type DecisionLog, isRoutine, nameSecret, requestIdOf } from '../decision-log.ts';
import { KeptSteps, STEPS_UNITS, StepTexts } from './kept-steps.ts';
import { KeptText } from './kept-text.ts';
import { shownText } from './shown-text.ts';

/** One decision as the API shows it: it holds no secret, and its texts are short. */
export interface RecentDecision {
  /** Epoch milliseconds. */
  readonly time: number;
  /** Counts the decisions of the process. */
  readonly sequence: number;
  readonly requestId: string;
  readonly broker: BrokerName;
  readonly endpoint: string;
  readonly outcome: Decision['outcome'];
  readonly reason?: DenyReason | UnavailableReason | undefined;
  readonly sentence?: string | undefined;
  readonly device?: { readonly id: string; readonly name: string } | undefined;
  readonly role?: Role | undefined;
  readonly clientId?: string | undefined;
  /** A user name may be a token, so it is named by a short hash, as in the log. */
  readonly username?: string | undefined;
  readonly address?: string | undefined;
  readonly listener?: string | undefined;
  readonly action?: TopicAction | undefined;
  /** The first topic, where the question named several. */
  readonly topic?: string | undefined;
  /** How many topics the question named, if more than one. */
  readonly topics?: number | undefined;
  /** How many of them were granted, where the broker is told of each. */
  readonly granted?: number | undefined;
  readonly steps: readonly Step[];
}

export interface DecisionFilter {
  /** Refusals only, without routine questions of brokers. */
  readonly denied?: boolean | undefined;
  /** A device id, a device name, or a client id: a refused client mostly belongs to no device. */
  readonly device?: string | undefined;
  readonly broker?: BrokerName | undefined;
  /** Epoch milliseconds: decisions of that time or later. */
  readonly since?: number | undefined;
}

/** Refusals and other decisions are kept apart, so that allows never displace refusals. */
const REFUSALS_KEPT = 1_000;
const OTHERS_KEPT = 500;

/** UTF-16 code units of each text. */
const LONGEST = { clientId: 128, username: 128, address: 64, listener: 64, topic: 256 } as const;
const UNITS = Object.values(LONGEST).reduce((sum, longest) => sum + longest, STEPS_UNITS);
const SENTENCES = { ...DENY_REASONS, ...UNAVAILABLE_REASONS };
const DETAIL_BYTES = 400;
/** A code unit takes at most seven bytes in JSON. */
const SHOWN_BYTES = 2_048;

/**
 * The last decisions of one process. Each answer waits for the recording, so it only copies texts and numbers into memory that
 * exists already: no request stays alive, and the garbage collector gets no work. The words are made when a caller asks.
 */
export class RecentDecisions implements DecisionLog {
  readonly #refusals: Ring;
  readonly #others: Ring;
  #sequence = 0;

  constructor(refusals = REFUSALS_KEPT, others = OTHERS_KEPT) {
    const texts = new StepTexts();
    this.#refusals = new Ring(refusals, texts);
    this.#others = new Ring(others, texts);
  }

  record(
    broker: BrokerName,
    endpoint: string,
    decision: Decision,
    question: Question | undefined,
    request: number,
  ): void {
    const slot = (isRefusal(decision) ? this.#refusals : this.#others).next();
    slot.time = Date.now();
    slot.sequence = ++this.#sequence;
    slot.broker = broker;
    slot.endpoint = endpoint;
    slot.request = request;
    slot.steps.keep(decision.steps);
    slot.outcome = decision.outcome;
    if (decision.outcome === 'allow') {
      slot.reason = undefined;
      slot.device = decision.device;
      slot.role = decision.role;
      slot.granted = decision.granted;
    } else {
      slot.reason = decision.reason;
      slot.device = undefined;
      slot.role = undefined;
      slot.granted = undefined;
    }
    keepClient(slot, clientOf(question));
    if (question?.kind === 'topic') {
      const { accesses } = question;
      slot.topics = accesses.length;
      slot.action = accesses[0]?.action;
      slot.topic.keep(accesses[0]?.topic);
    } else {
      slot.topics = 0;
      slot.action = undefined;
      slot.topic.keep(undefined);
    }
  }

  /**
   * @param before only decisions with a lower sequence, or of an earlier millisecond.
   * @returns at most `limit` decisions, the latest first.
   */
  list(filter: DecisionFilter, limit: number, before?: Pick<RecentDecision, 'time' | 'sequence'>) {
    const rings = filter.denied ? [this.#refusals] : [this.#refusals, this.#others];
    return rings
      .flatMap((ring) => ring.filled())
      .filter((slot) => before === undefined || isBefore(slot, before))
      .filter((slot) => fits(slot, filter))
      .sort((one, other) => (isBefore(one, other) ? 1 : -1))
      .slice(0, limit)
      .map(describe);
  }
}

/** Compares times first: all processes share the clock, but each has its own sequence. */
function isBefore(
  one: Pick<RecentDecision, 'time' | 'sequence'>,
  other: Pick<RecentDecision, 'time' | 'sequence'>,
): boolean {
  return one.time < other.time || (one.time === other.time && one.sequence < other.sequence);
}

function isRefusal(decision: Decision): boolean {
  if (decision.outcome === 'allow') return decision.granted !== undefined;
  return !isRoutine(decision);
}

/** A reused place in the ring. */
class Slot {
  time = 0;
  sequence = 0;
  request = 0;
  broker: BrokerName = 'generic';
  endpoint = '';
  outcome: Decision['outcome'] = 'allow';
  reason: DenyReason | UnavailableReason | undefined;
  device: DeviceIdentity | undefined;
  role: Role | undefined;
  action: TopicAction | undefined;
  topics = 0;
  granted: readonly boolean[] | undefined;
  /** Stands for a user name that is too long to keep. */
  usernameHash: string | undefined;
  readonly steps: KeptSteps;
  readonly clientId: KeptText;
  readonly username: KeptText;
  readonly address: KeptText;
  readonly listener: KeptText;
  readonly topic: KeptText;

  /** @param memory its steps and texts are kept from index `from` on. */
  constructor(memory: Uint16Array, from: number, texts: StepTexts) {
    this.steps = new KeptSteps(memory, from, texts);
    let next = from + STEPS_UNITS;
    const textOf = (longest: number): KeptText => {
      next += longest;
      return new KeptText(memory, next - longest, longest);
    };
    this.clientId = textOf(LONGEST.clientId);
    this.username = textOf(LONGEST.username);
    this.address = textOf(LONGEST.address);
    this.listener = textOf(LONGEST.listener);
    this.topic = textOf(LONGEST.topic);
  }
}

class Ring {
  readonly #slots: readonly Slot[];
  #next = 0;

  constructor(size: number, texts: StepTexts) {
    const memory = new Uint16Array(size * UNITS);
    this.#slots = Array.from({ length: size }, (_, index) => new Slot(memory, index * UNITS, texts));
  }

  next(): Slot {
    const slot = this.#slots[this.#next] as Slot;
    this.#next = this.#next + 1 === this.#slots.length ? 0 : this.#next + 1;
    return slot;
  }

  filled(): Slot[] {
    return this.#slots.filter(({ sequence }) => sequence > 0);
  }
}

function keepClient(slot: Slot, client: ClientClaim | ConnectAttempt | undefined): void {
  const username = client?.username;
  const isLong = username !== undefined && username.length > LONGEST.username;
  slot.clientId.keep(client?.clientId);
  slot.username.keep(isLong ? undefined : username);
  slot.usernameHash = isLong ? nameSecret(username) : undefined;
  slot.address.keep(client?.peerAddress);
  slot.listener.keep(client?.listener);
}

function fits(slot: Slot, { device, broker, since }: DecisionFilter): boolean {
  if (broker !== undefined && slot.broker !== broker) return false;
  if (since !== undefined && slot.time < since) return false;
  if (device === undefined) return true;
  return slot.device?.id === device || slot.device?.name === device || slot.clientId.is(device);
}

function describe(slot: Slot): RecentDecision {
  const { time, sequence, request, broker, endpoint, outcome, reason, device, role, action } = slot;
  const { topics, granted } = slot;
  const { steps } = slot.steps;
  return {
    time,
    sequence,
    requestId: requestIdOf(request),
    broker,
    endpoint,
    outcome,
    reason,
    sentence: reason && SENTENCES[reason],
    device: device && { id: device.id, name: shownText(device.name, SHOWN_BYTES) },
    role,
    clientId: shown(slot.clientId),
    username: slot.usernameHash ?? nameSecret(slot.username.text),
    address: shown(slot.address),
    listener: shown(slot.listener),
    action,
    topic: shown(slot.topic),
    topics: topics > 1 ? topics : undefined,
    granted: granted?.filter((one) => one).length,
    steps: steps.map(({ step, detail }) => ({ step, detail: shownText(detail, DETAIL_BYTES) })),
  };
}

function shown(kept: KeptText): string | undefined {
  const { text } = kept;
  return text === undefined ? undefined : shownText(text, SHOWN_BYTES) + (kept.isCut ? '…' : '');
}
