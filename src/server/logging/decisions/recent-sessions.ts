import type { Decider } from '../../../engine/deciding/decider.ts';
import type { Decision } from '../../../model/decision.ts';
import { chain } from '../../../model/maybe-promise.ts';
import type { BrokerName, ConnectAttempt } from '../../../model/question.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import type { ProcessGroup } from '../../process-group/group.ts';

/** A client id under which a device was admitted. */
export interface RecentSession {
  readonly broker: BrokerName;
  readonly clientId: string;
  /** Epoch milliseconds. */
  readonly time: number;
}

interface KeptSession {
  readonly deviceId: string;
  readonly time: number;
}

const MOST_SESSIONS = 50_000;
/** UTF-16 code units. A longer client id is not kept. */
const LONGEST_CLIENT_ID = 256;

/**
 * Keeps, in bounded memory, the client ids under which devices were admitted: brokers know a session by its client id, which
 * neither a token nor a certificate names. Each process keeps its own decisions until it ends.
 */
export class RecentSessions {
  /** By broker and client id: the device that came last has the session. */
  readonly #sessions = new BoundedMap<string, KeptSession>(MOST_SESSIONS);
  readonly #brokers: ReadonlySet<BrokerName>;
  readonly #processes: ProcessGroup;

  /** @param brokers the brokers that can be asked to end sessions. */
  constructor(brokers: Iterable<BrokerName>, processes: ProcessGroup) {
    this.#brokers = new Set(brokers);
    this.#processes = processes;
    processes.handle('sessions.of', (deviceId: string) => this.#ownOf(deviceId));
  }

  /** The same decider; it also keeps the sessions of the devices that it admits. */
  keepingSessions(decider: Decider): Decider {
    if (this.#brokers.size === 0) return decider;
    return {
      decide: (question, settings) =>
        chain(decider.decide(question, settings), (decision) => {
          if (question.kind === 'connect') this.#remember(question.attempt, decision);
          return decision;
        }),
    };
  }

  /** Sessions of a device, the latest first, from all processes of the server that answer. */
  async of(deviceId: string): Promise<RecentSession[]> {
    if (this.#brokers.size === 0) return [];
    const { answers } = await this.#processes.gather<readonly RecentSession[]>('sessions.of', deviceId);
    const latest = new Map<string, RecentSession>();
    for (const session of answers.flatMap(({ answer }) => answer)) {
      const key = `${session.broker} ${session.clientId}`;
      if ((latest.get(key)?.time ?? 0) < session.time) latest.set(key, session);
    }
    return [...latest.values()].sort((one, other) => other.time - one.time);
  }

  #remember({ broker, clientId }: ConnectAttempt, decision: Decision): void {
    if (decision.outcome !== 'allow' || decision.device === undefined || !this.#brokers.has(broker)) return;
    if (clientId === '' || clientId.length > LONGEST_CLIENT_ID) return;
    const { id } = decision.device;
    this.#sessions.set(`${broker} ${clientId}`, { deviceId: id, time: Date.now() });
  }

  #ownOf(deviceId: string): RecentSession[] {
    const found: RecentSession[] = [];
    for (const [key, { deviceId: whose, time }] of this.#sessions) {
      if (whose !== deviceId) continue;
      const [broker = ''] = key.split(' ', 1);
      found.push({ broker: broker as BrokerName, clientId: key.slice(broker.length + 1), time });
    }
    return found;
  }
}
