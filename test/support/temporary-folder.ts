import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the folder of a whole run, in which those of its tests lie; without it they lie where the system keeps such. */
export const RUN_FOLDER = 'THINGPASS_TEST_FOLDER';

const folders: string[] = [];

/** A folder that is gone when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(process.env[RUN_FOLDER] ?? tmpdir(), 'thingpass-'));
  // One listener for all of them: Node takes more than ten for a leak.
  if (folders.length === 0) process.once('exit', removeFolders);
  folders.push(folder);
  return folder;
}

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
