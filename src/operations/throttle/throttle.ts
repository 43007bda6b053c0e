import { NO_CERTIFICATE } from '../../certificates/peer-certificate.ts';
import type { DeciderSettings } from '../../decider.ts';
import type { Decision } from '../../decision.ts';
import type { ConnectAttempt } from '../../question.ts';
import { BoundedMap } from '../../storage/cache/bounded-map.ts';
import type { Crew } from '../../workers/crew.ts';
import type { MetricFamily } from '../metrics/family.ts';
import { type Blocked, type BlockedFilter, FailureBook } from './failure-book.ts';
import type { Failures } from './failures.ts';
import {
  keysOf,
  partsOf,
  THROTTLE_KINDS,
  type ThrottleKey,
  type ThrottleKind,
  throttledAddress,
} from './keys.ts';
import type { ThrottleConfig } from './settings.ts';

/** What of a broker's settings says whether it is believed about addresses. */
type AddressBelief = Pick<DeciderSettings, 'believesPeerAddress'>;

/** What of a login blocks may touch. */
type Login = Pick<ConnectAttempt, 'broker' | 'clientId' | 'username' | 'peerAddress'>;

/** The blocks, for people. */
export interface BlockedList {
  /** By what block a login would be refused at this moment by any of the processes. Counts nothing. */
  blockOf(attempt: ConnectAttempt, settings: AddressBelief): Promise<Blocked | undefined>;
  list(filter: BlockedFilter): readonly Blocked[];
  /** @returns how many ended. */
  clear(filter: BlockedFilter): number;
}

/** A change as processes tell it: until when the key is blocked, 0 for only counted, nothing for not counted any more. */
type Change = readonly [key: ThrottleKey, until: number | undefined];

interface News {
  /** One more each time, so that whoever was told nothing of some knows it. */
  readonly number: number;
  readonly changes: readonly Change[];
  /** Clients that are not well known any more. */
  readonly strangers: readonly string[];
}

/** Everything that is counted, up to the news of this number. */
type State = Pick<News, 'number' | 'changes'>;

/**
 * What changes is told to all processes together, this late at the most: a message for each of many guesses is more than they
 * can take. A block is told at once where none was told just before.
 */
const TOLD_WITHIN_MS = 10;
const MOST_CALLERS = 1_000;
const MOST_KNOWN_CLIENTS = 100_000;
const LONGEST_CLIENT = 300;

/**
 * Refuses for a while whoever failed too often, by address, client id and credentials id. The primary counts; every process
 * holds a copy of what is counted and blocked, so that a login asks nobody.
 *
 * So that the one misconfigured device behind an address does not lock out the others: a client that logged in well from an
 * address is known there, and no block touches it until it fails itself. A good login also takes away what was counted.
 */
export class Throttle implements BlockedList {
  readonly #config: ThrottleConfig;
  readonly #crew: Crew;
  readonly #now: () => number;
  readonly #book: FailureBook;
  readonly #blocked = new Map<ThrottleKey, number>();
  readonly #counted = new Set<ThrottleKey>();
  readonly #known = new BoundedMap<typeof KNOWN>(MOST_KNOWN_CLIENTS);
  readonly #callers = new Set<string>();
  readonly #refused: Record<ThrottleKind, number> = { address: 0, client_id: 0, credentials_id: 0 };
  #changes = new Map<ThrottleKey, number | undefined>();
  #strangers: string[] = [];
  #newlyKnown: string[] = [];
  #telling: NodeJS.Timeout | undefined;
  #isUrgent = false;
  #blockToldAt = Number.NEGATIVE_INFINITY;
  /** The number of the last news: told, or in a worker heard. */
  #number = 0;
  #asking: Promise<void> | undefined;
  #tellingKnown: NodeJS.Timeout | undefined;

  /** @param now epoch milliseconds. */
  constructor(config: ThrottleConfig, crew: Crew, now: () => number = Date.now) {
    this.#config = config;
    this.#crew = crew;
    this.#now = now;
    this.#book = new FailureBook(config.limits, (key, failures) => this.#changed(key, failures));
    crew.handle('throttle.news', (news: News) => this.#hear(news));
    crew.handle('throttle.known', (clients: readonly string[]) => {
      for (const client of clients) this.#known.set(client, KNOWN);
    });
    crew.handle('throttle.asked', ({ login, believed }: { login: Login; believed: boolean }) =>
      this.#keyOfBlock({ ...login, certificate: NO_CERTIFICATE }, { believesPeerAddress: () => believed }),
    );
    if (crew.role !== 'worker') {
      crew.handle('throttle.failed', ({ keys, client }: { keys: ThrottleKey[]; client?: string }) => {
        if (client !== undefined) this.#strangers.push(client);
        for (const key of keys) this.#book.failed(key, this.#now());
        this.#tellSoon();
      });
      crew.handle('throttle.succeeded', (keys: readonly ThrottleKey[]) => {
        for (const key of keys) this.#book.forget(key);
        this.#tellSoon();
      });
      crew.handle('throttle.state', (): State => {
        const changes = [...this.#book.entries()].map(
          ([key, { blockedUntil }]): Change => [key, blockedUntil],
        );
        return { number: this.#number, changes };
      });
    }
  }

  /** Whether anything is counted at all. */
  get on(): boolean {
    return this.#config.kinds.size > 0;
  }

  /** In a worker that takes the place of another: what is counted and blocked already. */
  async start(): Promise<void> {
    if (this.#crew.role !== 'worker' || !this.on) return;
    const { number, changes } = await this.#crew.askPrimary<State>('throttle.state', undefined);
    this.#blocked.clear();
    this.#counted.clear();
    this.#apply(changes);
    this.#number = number;
  }

  close(): void {
    clearTimeout(this.#telling);
    clearTimeout(this.#tellingKnown);
  }

  /** Notes that this address asks us: it is a broker's or a proxy's, and never blocked. */
  noteCaller(address: string | undefined): void {
    if (!this.on) return;
    const caller = throttledAddress(address);
    if (caller === undefined) return;
    if (this.#callers.size >= MOST_CALLERS) this.#callers.clear();
    this.#callers.add(caller);
  }

  /** By what this login is to be refused, if by anything. Changes nothing and counts nothing. */
  blockedBy(attempt: ConnectAttempt, settings: DeciderSettings): ThrottleKind | undefined {
    const key = this.#keyOfBlock(attempt, settings);
    return key === undefined ? undefined : partsOf(key).by;
  }

  async blockOf(attempt: ConnectAttempt, settings: AddressBelief): Promise<Blocked | undefined> {
    const { broker, clientId, username, peerAddress } = attempt;
    const { answers } = await this.#crew.gather<ThrottleKey | undefined>('throttle.asked', {
      login: { broker, clientId, username, peerAddress },
      believed: settings.believesPeerAddress?.(attempt) ?? false,
    });
    const key = answers.find(({ answer }) => answer !== undefined)?.answer;
    return key === undefined ? undefined : this.list(partsOf(key))[0];
  }

  #keyOfBlock(attempt: ConnectAttempt, settings: AddressBelief): ThrottleKey | undefined {
    if (this.#blocked.size === 0) return undefined;
    const address = this.#addressOf(attempt, settings);
    const client = clientOf(attempt, address);
    if (client !== undefined && this.#known.get(client) !== undefined) return undefined;
    const now = this.#now();
    for (const key of keysOf(attempt, address, this.#config.kinds)) {
      const until = this.#blocked.get(key);
      if (until === undefined) continue;
      if (until > now) return key;
      this.#blocked.delete(key);
    }
    return undefined;
  }

  /** Counts a login that was refused. */
  refused(by: ThrottleKind): void {
    this.#refused[by]++;
  }

  /**
   * Learns from how a login ended.
   * @param proved whether an allow says that the client proved who it is.
   */
  learn(attempt: ConnectAttempt, settings: DeciderSettings, decision: Decision, proved: boolean): void {
    if (decision.outcome === 'allow') {
      if (proved && decision.role !== 'provisioning_session') this.#succeeded(attempt, settings);
      return;
    }
    if (decision.outcome !== 'deny' || !decision.countsAsFailure) return;
    const address = this.#addressOf(attempt, settings);
    const keys = keysOf(attempt, address, this.#config.kinds);
    const client = clientOf(attempt, address);
    if (client !== undefined) this.#known.delete(client);
    for (const key of keys) this.#counted.add(key);
    if (keys.length > 0) this.#crew.tellPrimary('throttle.failed', { keys, client });
  }

  list(filter: BlockedFilter): readonly Blocked[] {
    return this.#book.blocked(this.#now(), filter);
  }

  clear(filter: BlockedFilter): number {
    const cleared = this.#book.clear(this.#now(), filter);
    this.#tell();
    return cleared;
  }

  families(): MetricFamily[] {
    const now = this.#now();
    const blocked: Record<ThrottleKind, number> = { address: 0, client_id: 0, credentials_id: 0 };
    for (const [key, until] of this.#blocked) {
      if (until > now) blocked[partsOf(key).by]++;
      else this.#blocked.delete(key);
    }
    return [
      {
        name: 'thingpass_throttled_total',
        help: 'Logins refused because of earlier wrong credentials, by what they were counted.',
        type: 'counter',
        samples: THROTTLE_KINDS.map((by) => ({ labels: { by }, value: this.#refused[by] })),
      },
      {
        name: 'thingpass_blocked',
        help: 'Addresses, client ids and credentials ids that are blocked.',
        type: 'gauge',
        // Every process has a copy of the same.
        together: 'max',
        samples: THROTTLE_KINDS.map((by) => ({ labels: { by }, value: blocked[by] })),
      },
    ];
  }

  #succeeded(attempt: ConnectAttempt, settings: DeciderSettings): void {
    const address = this.#addressOf(attempt, settings);
    const client = clientOf(attempt, address);
    if (client !== undefined && this.#known.get(client) === undefined) this.#knowFromNowOn(client);
    if (this.#counted.size === 0) return;
    const keys = keysOf(attempt, address, this.#config.kinds).filter((key) => this.#counted.has(key));
    for (const key of keys) this.#counted.delete(key);
    if (keys.length > 0) this.#crew.tellPrimary('throttle.succeeded', keys);
  }

  #knowFromNowOn(client: string): void {
    this.#known.set(client, KNOWN);
    if (this.#crew.role === 'alone') return;
    this.#newlyKnown.push(client);
    this.#tellingKnown ??= setTimeout(() => {
      this.#tellingKnown = undefined;
      const clients = this.#newlyKnown;
      this.#newlyKnown = [];
      this.#crew.broadcast('throttle.known', clients);
    }, TOLD_WITHIN_MS).unref();
  }

  /** The client's address where it is believed, and is not that of somebody who asks us for others. */
  #addressOf(attempt: ConnectAttempt, settings: AddressBelief): string | undefined {
    const { peerAddress, broker } = attempt;
    if (peerAddress === undefined) return undefined;
    if (!settings.believesPeerAddress?.(attempt) && !this.#config.believed.has(broker)) return undefined;
    const address = throttledAddress(peerAddress);
    if (address === undefined || this.#callers.has(address) || this.#config.never(peerAddress))
      return undefined;
    return address;
  }

  #changed(key: ThrottleKey, failures: Failures | undefined): void {
    this.#changes.set(key, failures?.blockedUntil);
    if (failures !== undefined && failures.blockedUntil > 0) this.#isUrgent = true;
  }

  #tellSoon(): void {
    const isEarly = performance.now() - this.#blockToldAt < TOLD_WITHIN_MS;
    if (this.#crew.role === 'alone' || (this.#isUrgent && !isEarly)) this.#tell();
    else this.#telling ??= setTimeout(() => this.#tell(), TOLD_WITHIN_MS).unref();
  }

  #tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (this.#isUrgent) this.#blockToldAt = performance.now();
    this.#isUrgent = false;
    if (this.#changes.size === 0 && this.#strangers.length === 0) return;
    const news: News = {
      number: ++this.#number,
      changes: [...this.#changes],
      strangers: this.#strangers,
    };
    this.#changes = new Map();
    this.#strangers = [];
    this.#crew.broadcast('throttle.news', news);
  }

  #hear({ number, changes, strangers }: News): void {
    this.#apply(changes);
    for (const client of strangers) this.#known.delete(client);
    if (this.#crew.role !== 'worker') return;
    // News are dropped where a worker is far behind. While it cannot be asked what was missed, each further one asks again.
    if (number === this.#number + 1) this.#number = number;
    else
      this.#asking ??= this.start()
        .catch(() => undefined)
        .finally(() => {
          this.#asking = undefined;
        });
  }

  #apply(changes: readonly Change[]): void {
    for (const [key, until] of changes) {
      if (until === undefined) this.#counted.delete(key);
      else this.#counted.add(key);
      if (until === undefined || until === 0) this.#blocked.delete(key);
      else this.#blocked.set(key, until);
    }
  }
}

const KNOWN = Object.freeze({ weight: 1 });

/** A client at an address, as one text; `undefined` where there is no address to believe, or too much to keep. */
function clientOf({ clientId, username }: ConnectAttempt, address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const client = `${address}\0${clientId}\0${username ?? ''}`;
  return client.length <= LONGEST_CLIENT ? client : undefined;
}
