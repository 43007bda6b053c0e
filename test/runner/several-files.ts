import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT } from './files.ts';

/**
 * Runs several test files in this process, each as a suite of its path: starting a process for each takes longer than most
 * of them run.
 */
export function runFiles(files: readonly string[]): void {
  for (const file of files)
    describe(file, async () => {
      try {
        await import(pathToFileURL(join(ROOT, file)).href);
      } catch (error) {
        // A file that cannot be loaded is a failure of its own, not the end of the others.
        test('can be loaded', () => {
          throw error;
        });
      }
    });
}
