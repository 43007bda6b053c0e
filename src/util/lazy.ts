export interface Lazy<Opened> {
  open(): Promise<Opened>;
  /** Closes the resource if it was opened. */
  close(): Promise<void>;
}

/** Opens an expensive, rarely used resource on first use. A failed attempt is repeated on the next use. */
export function lazy<Opened extends { close(): Promise<void> }>(open: () => Promise<Opened>): Lazy<Opened> {
  let opened: Promise<Opened> | undefined;
  const openOnce = onFirstUse(() => {
    opened = open();
    return opened;
  });
  return {
    open: openOnce,
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

/** Makes something on first use, for all uses. A failed attempt is repeated on the next use. */
export function onFirstUse<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
