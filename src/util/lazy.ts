export interface Lazy<Opened> {
  open(): Promise<Opened>;
  /** Only where it was opened. */
  close(): Promise<void>;
}

/** What is rare, and costs more than the whole start: opened when first asked for, and again where that failed. */
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
