import { CommandFailed } from './command.ts';

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/** Longest time that anybody means. */
const LONGEST_MS = 100 * 366 * UNITS_MS.d;

/**
 * A length of time such as `90m`, `12h`, `7d`, `2w`, or `0`, in milliseconds.
 * @throws {CommandFailed} for anything else.
 */
export function readDuration(option: string, text: string): number {
  if (text === '0') return 0;
  const [, count, unit] = /^(\d{1,7})([mhdw])$/.exec(text) ?? [];
  const value = Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (Number.isFinite(value) && value <= LONGEST_MS) return value;
  throw new CommandFailed(`${option} takes a length of time such as 90m, 12h, 7d or 2w`);
}

/**
 * A time as RFC 3339 has it, or a date, in epoch milliseconds.
 * @throws {CommandFailed} for anything else.
 */
export function readTime(option: string, text: string): number {
  const value = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new CommandFailed(`${option} takes a date or a time such as 2030-01-31 or 2030-01-31T12:00:00Z`);
}
