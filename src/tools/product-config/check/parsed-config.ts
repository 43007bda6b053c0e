/** One value of a configuration, and where it stands. */
export interface Entry {
  /** The path to it, with dots between; members of lists are counted from 0. */
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** A configuration as a flat list of values; what comes later holds, as all these products have it. */
export class Settings {
  readonly entries: readonly Entry[];

  constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  get(key: string): Entry | undefined {
    return this.entries.findLast((entry) => entry.key === key);
  }

  /** Whether anything stands at or below the path. */
  has(path: string): boolean {
    return this.entries.some(({ key }) => key === path || key.startsWith(`${path}.`));
  }

  /** The line on which the path is first spoken of. */
  lineOf(path: string): number {
    return this.entries.find(({ key }) => key === path || key.startsWith(`${path}.`))?.line ?? 1;
  }

  /** The names below a path, such as those of listeners. */
  namesBelow(path: string): string[] {
    const names = this.entries
      .filter(({ key }) => key.startsWith(`${path}.`))
      .map(({ key }) => key.slice(path.length + 1).split('.', 1)[0] as string);
    return [...new Set(names)];
  }

  /** The entries below a path. */
  below(path: string): Entry[] {
    return this.entries.filter(({ key }) => key.startsWith(`${path}.`));
  }
}

/** `key = value` or `key value` a line, with comments at the beginning of lines, and behind values where that is the syntax. */
export function readLines(
  text: string,
  { separator, trailing }: { separator: RegExp; trailing: boolean },
): Settings {
  const entries = text.split('\n').flatMap((raw, index): Entry[] => {
    const line = (trailing ? raw.replace(/\s#.*$/, '') : raw).trim();
    if (line === '' || line.startsWith('#')) return [];
    const at = line.search(separator);
    if (at < 0) return [{ key: line, value: '', line: index + 1 }];
    const value = line.slice(at).replace(separator, '').trim();
    return [{ key: line.slice(0, at).trim(), value, line: index + 1 }];
  });
  return new Settings(entries);
}

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };

/** A duration as these products write it (`5s`, `1m`, a number in the unit that is given), in seconds. */
export function secondsOf(text: string, unit: 'ms' | 's' = 's'): number {
  const [, number, given] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(text) ?? [];
  return Number(number) * (SECONDS[given ?? unit] as number);
}
