import { unwatchFile, watchFile } from 'node:fs';

/** How often a file is looked at, in milliseconds: by its times and size, as that works on every file system. */
const LOOK_EVERY_MS = 1_000;

/** Calls back when a file may have changed, come or gone. */
export function watchFiles(
  files: readonly string[],
  changed: (file: string) => void,
  everyMs: number = LOOK_EVERY_MS,
): { close(): void } {
  const watched = files.map((file) => {
    const listener = (): void => changed(file);
    watchFile(file, { interval: everyMs, persistent: false }, listener);
    return { file, listener };
  });
  return {
    close() {
      for (const { file, listener } of watched) unwatchFile(file, listener);
    },
  };
}
