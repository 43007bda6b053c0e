import { readFileSync } from 'node:fs';

/** Says why a command cannot answer, and with which code it ends: 2 where it was given something it cannot use. */
export function unusable(sentence: string, code: 1 | 2 = 2): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = code;
}

/** The bytes of a file, or of standard input for `-`; nothing, and said, when it cannot be read. */
export function readBytes(file: string): Buffer | undefined {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    unusable(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}
