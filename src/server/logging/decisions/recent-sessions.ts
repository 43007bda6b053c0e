import type { Decider } from '../../../engine/deciding/decider.ts';
import type { Decision } from '../../../model/decision.ts';
import { chain } from '../../../model/maybe-promise.ts';
import type { BrokerName, ConnectAttempt } from '../../../model/question.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import type { ProcessGroup } from '../../process-group/group.ts';

/** Under which client id a device was let in last. */
export interface RecentSession {
  readonly broker: BrokerName;
  readonly clientId: string;
  /** Epoch milliseconds. */
  readonly time: number;
}

interface Remembered {
  readonly deviceId: string;
  readonly time: number;
  readonly weight: 1;
}

const MOST_SESSIONS = 50_000;
/** UTF-16 code units; a device with a longer client id is not remembered. */
const LONGEST_CLIENT_ID = 256;

/**
 * Remembers in bounded memory under which client ids devices were let in: a certificate or a token says nothing of the client
 * id, by which brokers know a session. Each process remembers what it decided itself, and forgets it when it ends.
 */
export class RecentSessions {
  /** By broker and client id: whoever came last has the session. */
  readonly #sessions = new BoundedMap<Remembered>(MOST_SESSIONS);
  readonly #brokers: ReadonlySet<BrokerName>;
  readonly #crew: ProcessGroup;

  /** @param brokers only those that can be asked to end sessions. */
  constructor(brokers: Iterable<BrokerName>, processes: ProcessGroup) {
    this.#brokers = new Set(brokers);
    this.#crew = processes;
    processes.handle('sessions.of', (deviceId: string) => this.#ownOf(deviceId));
  }

  /** The same decider, which remembers the devices that it lets in. */
  remembering(decider: Decider): Decider {
    if (this.#brokers.size === 0) return decider;
    return {
      decide: (question, settings) =>
        chain(decider.decide(question, settings), (decision) => {
          if (question.kind === 'connect') this.#remember(question.attempt, decision);
          return decision;
        }),
    };
  }

  /** Those of a device, as all processes of the server know them; one that does not answer is left out. */
  async of(deviceId: string): Promise<RecentSession[]> {
    if (this.#brokers.size === 0) return [];
    const { answers } = await this.#crew.gather<readonly RecentSession[]>('sessions.of', deviceId);
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
    this.#sessions.set(`${broker} ${clientId}`, { deviceId: id, time: Date.now(), weight: 1 });
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
