export interface Lazy<Opened> {
  open(): Promise<Opened>;
  /** Closes the resource if it was opened. */
  close(): Promise<void>;
}

/** Opens an expensive, rarely used resource on first use. A failed attempt is repeated on the next use. */
export function lazy<Opened extends { close(): Promise<void> }>(open: () => Promise<Opened>): Lazy<Opened> {
  let opened: Promise<Opened> | undefined;
  return {
    open: () => {
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    close: async () => (await opened)?.close(),
  };
}
