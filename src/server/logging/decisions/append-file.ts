import { closeSync, openSync, writeSync } from 'node:fs';

/** Not for everybody: it tells who connects, from where. */
const MODE = 0o640;
const CLOSED = -1;

/**
 * A file to which lines are appended, each with one call: what several processes append does not mix (O_APPEND), and a tool
 * that rotates logs may truncate it, or rename it and have it opened anew.
 */
export class AppendFile {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  #descriptor: number;
  /** A line was written in part only. */
  #torn = false;

  /**
   * @param onError told of lines that could not be written, and are lost: nothing waits for a disk that is full.
   * @throws {NodeJS.ErrnoException} when it cannot be opened.
   */
  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
    this.#descriptor = openSync(path, 'a', MODE);
  }

  /** @param line with its line end. */
  write(line: string): void {
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line);
    try {
      this.#torn = writeSync(this.#descriptor, bytes) < bytes.length;
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Opens the path anew; where that fails, lines go on to the file that was open. */
  reopen(): void {
    if (this.#descriptor === CLOSED) return;
    try {
      const descriptor = openSync(this.#path, 'a', MODE);
      closeSync(this.#descriptor);
      this.#descriptor = descriptor;
    } catch (error) {
      this.#onError(error);
    }
  }

  /** What comes later is lost: the number of the descriptor may be another file's by then. */
  close(): void {
    closeSync(this.#descriptor);
    this.#descriptor = CLOSED;
  }
}
