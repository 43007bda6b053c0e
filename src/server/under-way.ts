import type { IncomingMessage, ServerResponse } from 'node:http';

/** Requests that wait for their answers, so that a stop can wait too. */
export class RequestsUnderWay {
  readonly #requests = new Set<IncomingMessage>();

  /** Watches a request until it is answered, or its sender is gone. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    this.#requests.add(request);
    response.once('close', () => this.#requests.delete(request));
  }

  /** Whether the server owes an answer; to a request that has not come whole it owes none. */
  any(): boolean {
    for (const { complete } of this.#requests) if (complete) return true;
    return false;
  }
}
