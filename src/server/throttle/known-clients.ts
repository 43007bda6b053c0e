import type { ConnectAttempt } from '../../model/question.ts';
import { BoundedMap } from '../../util/bounded-map.ts';
import type { ProcessGroup } from '../process-group/group.ts';
import { TOLD_WITHIN_MS } from './failure-count.ts';

const MOST_KNOWN_CLIENTS = 100_000;
const LONGEST_CLIENT = 300;

/** A client at an address, as one text. */
export type ClientAtAddress = string;

/** `undefined` where there is no address to believe, or too much to keep. */
export function clientAtAddress(
  { clientId, username }: ConnectAttempt,
  address: string | undefined,
): ClientAtAddress | undefined {
  if (address === undefined) return undefined;
  const client = `${address}\0${clientId}\0${username ?? ''}`;
  return client.length <= LONGEST_CLIENT ? client : undefined;
}

/** The clients that logged in well from where they are, as all processes know them. */
export class KnownClients {
  readonly #crew: ProcessGroup;
  readonly #known = new BoundedMap<ClientAtAddress, true>(MOST_KNOWN_CLIENTS);
  #newlyKnown: ClientAtAddress[] = [];
  #telling: NodeJS.Timeout | undefined;

  constructor(processes: ProcessGroup) {
    this.#crew = processes;
    processes.handle('throttle.known', (clients: readonly ClientAtAddress[]) => {
      for (const client of clients) this.#known.set(client, true);
    });
  }

  has(client: ClientAtAddress): boolean {
    return this.#known.get(client) !== undefined;
  }

  /** Known from now on, here at once and soon everywhere. */
  add(client: ClientAtAddress): void {
    this.#known.set(client, true);
    if (this.#crew.role === 'single') return;
    this.#newlyKnown.push(client);
    this.#telling ??= setTimeout(() => this.#tell(), TOLD_WITHIN_MS).unref();
  }

  /** Here only: the others hear of it with what else a failure changes. */
  delete(client: ClientAtAddress): void {
    this.#known.delete(client);
  }

  close(): void {
    clearTimeout(this.#telling);
  }

  #tell(): void {
    this.#telling = undefined;
    const clients = this.#newlyKnown;
    this.#newlyKnown = [];
    this.#crew.broadcast('throttle.known', clients);
  }
}
