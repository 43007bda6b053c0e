import { closeSync, openSync, writeSync } from 'node:fs';

/** Not readable for all: the log shows who connects, and from where. */
const MODE = 0o640;
const CLOSED = -1;

/**
 * A file to which each line is appended with one call, so that several processes can write to it (O_APPEND). A tool that rotates
 * logs may truncate it, or rename it and ask for {@link reopen}.
 */
export class AppendFile {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  #descriptor: number;
  /** The last line was written only in part. */
  #torn = false;

  /**
   * @param onError called when a line could not be written. The line is lost: decisions do not wait for a full disk.
   * @throws {NodeJS.ErrnoException} when it cannot be opened.
   */
  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
    this.#descriptor = openSync(path, 'a', MODE);
  }

  /** @param line ends with a line break. */
  write(line: string): void {
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line);
    try {
      this.#torn = writeSync(this.#descriptor, bytes) < bytes.length;
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Opens the path again. Where that fails, lines still go to the file that was open. */
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

  /** Later lines are lost: the descriptor's number may belong to another file by then. */
  close(): void {
    closeSync(this.#descriptor);
    this.#descriptor = CLOSED;
  }
}
