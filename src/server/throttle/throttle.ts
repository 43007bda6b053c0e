import { THROTTLE_KINDS, type ThrottleConfig, type ThrottleKind } from '../../config/throttle-settings.ts';
import type { DeciderSettings } from '../../engine/deciding/decider.ts';
import type { Decision } from '../../model/decision.ts';
import { NO_CERTIFICATE } from '../../model/peer-certificate.ts';
import type { ConnectAttempt } from '../../model/question.ts';
import { BoundedMap } from '../../util/bounded-map.ts';
import type { MetricFamily } from '../metrics/family.ts';
import type { ProcessGroup } from '../process-group/group.ts';
import { CountedKeys } from './counted-keys.ts';
import type { Blocked, BlockedFilter } from './failure-book.ts';
import { type BlockedKeysUpdate, type FailedLogin, FailureCount } from './failure-count.ts';
import { keysOf, partsOf, type ThrottleKey, throttledAddress } from './keys.ts';
import { clientAtAddress, KnownClients } from './known-clients.ts';

/** What of a broker's settings says whether it is believed about addresses. */
type AddressBelief = Pick<DeciderSettings, 'trustsPeerAddress'>;

/** What of a login blocks may touch. */
type Login = Pick<ConnectAttempt, 'broker' | 'clientId' | 'username' | 'peerAddress'>;

/** The blocks, as management shows them. */
export interface BlockedList {
  /** By what block a login would be refused at this moment by any of the processes. Counts nothing. */
  blockOf(attempt: ConnectAttempt, settings: AddressBelief): Promise<Blocked | undefined>;
  list(filter: BlockedFilter): readonly Blocked[];
  /** @returns how many ended. */
  clear(filter: BlockedFilter): number;
}

const MOST_CALLERS = 1_000;

/**
 * Refuses for a while clients that failed too often, by address, client id and credentials id. The primary counts; every process
 * holds a copy of what is counted and blocked, so that a login asks nobody.
 *
 * So that the one misconfigured device behind an address does not lock out the others: a client that logged in well from an
 * address is known there, and no block touches it until it fails itself. A good login also takes away what was counted.
 */
export class Throttle implements BlockedList {
  readonly #config: ThrottleConfig;
  readonly #crew: ProcessGroup;
  readonly #now: () => number;
  /** In a worker the primary counts. */
  readonly #count: FailureCount | undefined;
  readonly #keys: CountedKeys;
  readonly #known: KnownClients;
  readonly #callers = new BoundedMap<string, true>(MOST_CALLERS);
  readonly #refused: Record<ThrottleKind, number> = { address: 0, client_id: 0, credentials_id: 0 };

  /** @param now epoch milliseconds. */
  constructor(config: ThrottleConfig, processes: ProcessGroup, now: () => number = Date.now) {
    this.#config = config;
    this.#crew = processes;
    this.#now = now;
    this.#count = processes.role === 'worker' ? undefined : new FailureCount(config.limits, processes, now);
    this.#keys = new CountedKeys(processes);
    this.#known = new KnownClients(processes);
    processes.handle('throttle.news', (news: BlockedKeysUpdate) => {
      this.#keys.hear(news);
      for (const client of news.strangers) this.#known.delete(client);
    });
    processes.handle('throttle.asked', ({ login, believed }: { login: Login; believed: boolean }) =>
      this.#keyOfBlock({ ...login, certificate: NO_CERTIFICATE }, { trustsPeerAddress: () => believed }),
    );
  }

  /** Whether anything is counted at all. */
  get on(): boolean {
    return this.#config.kinds.size > 0;
  }

  /** In a worker that takes the place of another: what is counted and blocked already. */
  async start(): Promise<void> {
    if (this.#crew.role !== 'worker' || !this.on) return;
    await this.#keys.load();
  }

  close(): void {
    this.#count?.close();
    this.#known.close();
  }

  /** Notes that this address asks us: it is a broker's or a proxy's, and never blocked. */
  noteCaller(address: string | undefined): void {
    if (!this.on) return;
    const caller = throttledAddress(address);
    if (caller !== undefined) this.#callers.set(caller, true);
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
      believed: settings.trustsPeerAddress?.(attempt) ?? false,
    });
    const key = answers.find(({ answer }) => answer !== undefined)?.answer;
    return key === undefined ? undefined : this.list(partsOf(key))[0];
  }

  #keyOfBlock(attempt: ConnectAttempt, settings: AddressBelief): ThrottleKey | undefined {
    if (!this.#keys.anyBlocked) return undefined;
    const address = this.#addressOf(attempt, settings);
    const client = clientAtAddress(attempt, address);
    if (client !== undefined && this.#known.has(client)) return undefined;
    const now = this.#now();
    return keysOf(attempt, address, this.#config.kinds).find((key) => this.#keys.isBlocked(key, now));
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
    const client = clientAtAddress(attempt, address);
    if (client !== undefined) this.#known.delete(client);
    for (const key of keys) this.#keys.count(key);
    if (keys.length > 0) this.#crew.tellPrimary('throttle.failed', { keys, client } satisfies FailedLogin);
  }

  list(filter: BlockedFilter): readonly Blocked[] {
    return this.#count?.list(filter) ?? [];
  }

  clear(filter: BlockedFilter): number {
    return this.#count?.clear(filter) ?? 0;
  }

  families(): MetricFamily[] {
    const blocked: Record<ThrottleKind, number> = { address: 0, client_id: 0, credentials_id: 0 };
    for (const key of this.#keys.blocked(this.#now())) blocked[partsOf(key).by]++;
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
    const client = clientAtAddress(attempt, address);
    if (client !== undefined && !this.#known.has(client)) this.#known.add(client);
    if (!this.#keys.anyCounted) return;
    const keys = keysOf(attempt, address, this.#config.kinds).filter((key) => this.#keys.forget(key));
    if (keys.length > 0) this.#crew.tellPrimary('throttle.succeeded', keys);
  }

  /** The client's address where it is believed, and is not that of somebody who asks us for others. */
  #addressOf(attempt: ConnectAttempt, settings: AddressBelief): string | undefined {
    const { peerAddress, broker } = attempt;
    if (peerAddress === undefined) return undefined;
    if (!settings.trustsPeerAddress?.(attempt) && !this.#config.believed.has(broker)) return undefined;
    const address = throttledAddress(peerAddress);
    if (address === undefined || this.#callers.get(address) || this.#config.never(peerAddress))
      return undefined;
    return address;
  }
}
