import { ThingPassError } from '../../model/errors.ts';
import { parseDuration } from '../../util/duration.ts';

/**
 * A length of time such as `90m`, `12h`, `7d`, `2w`, or `0`, in milliseconds.
 * @throws {ThingPassError} `command_failed` for anything else.
 */
export function readDuration(option: string, text: string): number {
  const value = parseDuration(text);
  if (value !== undefined) return value;
  throw new ThingPassError('command_failed', `${option} takes a length of time such as 90m, 12h, 7d or 2w`);
}

/**
 * A time as RFC 3339 has it, or a date, in epoch milliseconds.
 * @throws {ThingPassError} `command_failed` for anything else.
 */
export function readTime(option: string, text: string): number {
  const value = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new ThingPassError(
    'command_failed',
    `${option} takes a date or a time such as 2030-01-31 or 2030-01-31T12:00:00Z`,
  );
}
