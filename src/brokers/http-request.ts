import { IncomingMessage } from 'node:http';

const EMPTY = Buffer.alloc(0);

/** Told of a body, or `undefined` for one that is too large. */
type BodyListener = (body: Buffer | undefined) => void;

/**
 * A request that can hand over its body in one piece, past the stream that it is: a stream's events and its turns through the
 * event loop cost a tenth of a request.
 */
export class HttpRequest extends IncomingMessage {
  /** Where the body goes: through the stream, to who waits for all of it, or nowhere, since all of it was handed over. */
  #state: 'streaming' | 'collecting' | 'handed_over' = 'streaming';
  #done: BodyListener | undefined;
  #limit = 0;
  #length = 0;
  #only: Buffer | undefined;
  #chunks: Buffer[] | undefined;

  /**
   * Collects the body, of any method: mosquitto-go-auth sends one with GET (`mosquitto.md` section 2). At once where there is
   * none. To be called as soon as the request is there; nobody can read it as a stream any more.
   * @param limit in bytes; of a larger body no more is kept.
   * @param done called once; never for a request whose sender goes away in between.
   */
  collectBody(limit: number, done: BodyListener): void {
    const { headers } = this;
    const announced = headers['content-length'];
    if (announced === undefined && headers['transfer-encoding'] === undefined) {
      this.#state = 'handed_over';
      done(EMPTY);
    } else if (Number(announced) > limit) {
      done(undefined);
    } else {
      this.#state = 'collecting';
      this.#limit = limit;
      this.#done = done;
    }
  }

  /** What the HTTP parser calls with each piece of the body, and with null at its end. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.#state === 'streaming') return super.push(chunk, encoding);
    if (this.#state === 'collecting') this.#collect(chunk);
    return true;
  }

  /** Node lets what nobody reads flow away, in two more turns of the event loop; where the body was handed over nothing is left. */
  override resume(): this {
    return this.#state === 'handed_over' ? this : super.resume();
  }

  #collect(chunk: Buffer | null): void {
    if (chunk === null) {
      const only = this.#only ?? EMPTY;
      this.#end('handed_over', this.#chunks === undefined ? only : Buffer.concat(this.#chunks));
      return;
    }
    this.#length += chunk.length;
    // Node takes what else may come for a stream that nobody reads.
    if (this.#length > this.#limit) this.#end('streaming', undefined);
    else if (this.#only === undefined) this.#only = chunk;
    else if (this.#chunks === undefined) this.#chunks = [this.#only, chunk];
    else this.#chunks.push(chunk);
  }

  #end(state: 'streaming' | 'handed_over', body: Buffer | undefined): void {
    const done = this.#done as BodyListener;
    this.#state = state;
    // Node keeps a connection's last request until the next one comes.
    this.#done = undefined;
    this.#only = undefined;
    this.#chunks = undefined;
    done(body);
  }
}
