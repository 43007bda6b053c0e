import { setTimeout as wait } from 'node:timers/promises';

export interface ReadingOptions<Value> {
  /** As the change feed names it. */
  readonly table: string;
  readonly read: () => Promise<Value>;
  /** Where changes are heard of. */
  readonly storage: { onTableChange(listener: (table: string) => void): void };
  /** Changes gather for this long, so that many of them do not mean a reading each. */
  readonly gatherMs: number;
  /** Told of what was read after a change. */
  readonly onRead?: (value: Value) => void;
  /** Told once, until a reading succeeds again, that none is possible; what was known stays. */
  readonly onError: (error: unknown) => void;
}

/** What was read last. */
export interface Reading<Value> {
  /** As it was a moment ago: less than a second, while the database can be asked. */
  current(): Value;
  close(): void;
}

/** While the database cannot be asked, it is asked again after this time. */
const AGAIN_MS = 500;

/**
 * Reads what a table holds, and again whenever the table has changed.
 * @throws whatever the first reading throws.
 */
export async function readOnChange<Value>(options: ReadingOptions<Value>): Promise<Reading<Value>> {
  const { table, read, storage, gatherMs, onRead, onError } = options;
  const stopping = new AbortController();
  let changed = false;
  /** Until the first reading is done, too. */
  let reading = true;

  async function readUntilUnchanged(): Promise<void> {
    reading = true;
    let failing = false;
    while (changed) {
      const pause = { signal: stopping.signal, ref: false };
      await wait(failing ? AGAIN_MS : gatherMs, undefined, pause).catch(() => undefined);
      if (stopping.signal.aborted) break;
      changed = false;
      try {
        value = await read();
        failing = false;
        onRead?.(value);
      } catch (error) {
        if (!failing) onError(error);
        failing = true;
        changed = true;
      }
    }
    reading = false;
  }

  // Before it is read, so that no change falls in between.
  storage.onTableChange((name) => {
    if (name !== table) return;
    changed = true;
    if (!reading) void readUntilUnchanged();
  });
  let value = await read();
  void readUntilUnchanged();
  return { current: () => value, close: () => stopping.abort() };
}
