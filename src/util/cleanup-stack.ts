type Close = () => unknown;

/** What was opened so far, to be closed in the reverse order: what came later may rest on what was there before. */
export class CleanupStack {
  readonly #closes: Close[] = [];
  #closed: Promise<void> | undefined;

  /** @returns what was opened. */
  add<Opened>(opened: Opened, close: (opened: Opened) => unknown): Opened {
    this.#closes.push(() => close(opened));
    return opened;
  }

  /**
   * Closes all, each once the one before is closed, also where one fails. Safe to call twice.
   * @throws what the first that fails throws, when all others are closed.
   */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#closes.reverse()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
