import { unwatchFile, watchFile } from 'node:fs';

/** Default interval in milliseconds. Files are polled by time and size, which works on every file system. */
const POLL_INTERVAL_MS = 1_000;

/** Calls back if a file may have changed, appeared or vanished. */
export function watchFiles(
  files: readonly string[],
  onChange: (file: string) => void,
  intervalMs: number = POLL_INTERVAL_MS,
): { close(): void } {
  const watched = files.map((file) => {
    const listener = (): void => onChange(file);
    watchFile(file, { interval: intervalMs, persistent: false }, listener);
    return { file, listener };
  });
  return {
    close() {
      for (const { file, listener } of watched) unwatchFile(file, listener);
    },
  };
}
