import { fromPlainError, type PlainError, ThingPassError, toPlainError } from '../../model/errors.ts';

/** What goes between two processes; anything that the structured clone algorithm can carry. */
type Message =
  | { readonly kind: 'ask'; readonly id: number; readonly name: string; readonly payload: unknown }
  | { readonly kind: 'tell'; readonly name: string; readonly payload: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: PlainError };

/** The other process did not answer: it took too long, has too much to do already, or is gone. */
function peerUnavailable(why: 'silent' | 'busy' | 'gone', what: string): ThingPassError {
  return new ThingPassError('peer_unavailable', `${what}: the other process is ${why}`, { why });
}

export type Handler = (payload: never) => unknown;
/** What a process answers, by name. Several channels share one. */
export type Handlers = Map<string, Handler>;

/** How many questions may wait for an answer, and how many messages for the pipe. */
const MOST_WAITING = 1_000;
export const ANSWER_WITHIN_MS = 10_000;

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Questions, answers and messages between two processes, over anything that carries messages in order. A caller waits for
 * a bounded time in a bounded queue; what comes too late is dropped.
 */
export class Channel {
  readonly #send: (message: unknown, sent: () => void) => void;
  readonly #handlers: Handlers;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #unsent = 0;
  #ended = false;

  /** @param send calls back when the message has left this process, or never will. */
  constructor(send: (message: unknown, sent: () => void) => void, handlers: Handlers) {
    this.#send = send;
    this.#handlers = handlers;
  }

  /** @throws {ThingPassError} `peer_unavailable`, or what was thrown there: `peer_failed` where nobody foresaw it. */
  ask<Answer>(name: string, payload: unknown, withinMs = ANSWER_WITHIN_MS): Promise<Answer> {
    if (this.#ended) return Promise.reject(peerUnavailable('gone', name));
    if (this.#waiting.size >= MOST_WAITING) return Promise.reject(peerUnavailable('busy', name));
    const id = ++this.#asked;
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(peerUnavailable('silent', name));
      }, withinMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#post({ kind: 'ask', id, name, payload });
    });
  }

  /** @returns false where the other side is so far behind that the message was dropped. */
  tell(name: string, payload: unknown): boolean {
    if (this.#ended || this.#unsent >= MOST_WAITING) return false;
    this.#post({ kind: 'tell', name, payload });
    return true;
  }

  /** To be called with every message that comes in. */
  receive(received: unknown): void {
    const message = received as Message;
    switch (message.kind) {
      case 'ask':
        void this.#answer(message.id, message.name, message.payload);
        break;
      case 'tell':
        this.#handlers.get(message.name)?.(message.payload as never);
        break;
      case 'answer':
        this.#take(message.id)?.resolve(message.answer as never);
        break;
      case 'failure':
        this.#take(message.id)?.reject(fromPlainError(message.error));
        break;
    }
  }

  /** The other side is gone: nobody waits for it any longer. */
  end(): void {
    this.#ended = true;
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(peerUnavailable('gone', 'a question'));
  }

  async #answer(id: number, name: string, payload: unknown): Promise<void> {
    try {
      const handler = this.#handlers.get(name);
      if (handler === undefined) throw new Error(`nobody here answers ${name}`);
      const answer = await handler(payload as never);
      if (!this.#ended) this.#post({ kind: 'answer', id, answer });
    } catch (error) {
      if (!this.#ended) this.#post({ kind: 'failure', id, error: toPlainError(error) });
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #post(message: Message): void {
    this.#unsent++;
    this.#send(message, () => {
      this.#unsent--;
    });
  }
}
