import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** A folder that is made out of other files. */
export interface MadeFolder {
  readonly folder: string;
  /** Files and folders that it is made from; one that does not exist counts as such. */
  readonly from: readonly string[];
  /** Which files below `from` count; all where this is left out. */
  readonly counts?: (file: string) => boolean;
  /**
   * Makes it.
   * @param intact whether the folder is as the last call left it; if not, nothing that lies there can be relied on.
   * @throws when it cannot be made.
   */
  make(intact: boolean): Promise<void>;
}

/** What the last call of `make` worked from and left behind. Files whose names begin with a dot are not part of it. */
interface Stamp {
  readonly from: string;
  readonly made: string;
}

const STAMP = '.made.json';

/**
 * Makes the folder where that is needed: when its sources have changed, when somebody changed or deleted the folder, and
 * when the last attempt did not reach its end. Contents decide, since a git checkout sets any time of change.
 * @returns whether it was made.
 */
export async function bringUpToDate(made: MadeFolder): Promise<boolean> {
  const stampFile = join(made.folder, STAMP);
  const from = fingerprint(made.from, made.counts);
  const stamp = readStamp(stampFile);
  const intact = stamp !== undefined && stamp.made === fingerprint([made.folder]);
  if (intact && stamp.from === from) return false;
  rmSync(stampFile, { force: true });
  await made.make(intact);
  mkdirSync(made.folder, { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ from, made: fingerprint([made.folder]) }));
  return true;
}

function readStamp(file: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Stamp;
  } catch {
    return undefined;
  }
}

/** SHA-256 over the names and contents of files, and of all files in folders. */
function fingerprint(paths: readonly string[], counts: (file: string) => boolean = () => true): string {
  const hash = createHash('sha256');
  for (const path of paths)
    for (const file of filesBelow(path).filter(counts)) {
      const content = readFileSync(file);
      hash.update(`${relative(path, file)}\0${content.length}\0`).update(content);
    }
  return hash.digest('hex');
}

/** Files below a folder in a fixed order, without those whose names begin with a dot; a file is the only one below itself. */
export function filesBelow(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((entry) =>
        entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)],
      );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return [path];
    if (code === 'ENOENT') return [];
    throw error;
  }
}
