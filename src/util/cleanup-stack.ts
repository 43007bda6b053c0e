type Close = () => unknown;

/** Closes resources in the reverse order of their opening, because later ones may depend on earlier ones. */
export class CleanupStack {
  readonly #closes: Close[] = [];
  #closed: Promise<void> | undefined;

  /**
   * Registers an opened resource.
   * @returns the resource.
   */
  add<Opened>(opened: Opened, close: (opened: Opened) => unknown): Opened {
    this.#closes.push(() => close(opened));
    return opened;
  }

  /**
   * Closes all resources one after the other, even if one fails. Can be called twice.
   * @throws the first error, after all resources are closed.
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
