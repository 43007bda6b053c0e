import { ThingPassError } from '../../model/errors.ts';

/** Epoch milliseconds as answers show them. */
export function showTime(time: number): string {
  return new Date(time).toISOString();
}

export function showTimeIfAny(time: number | undefined): string | undefined {
  return time === undefined ? undefined : showTime(time);
}

/**
 * Epoch milliseconds of a time in a request, whose form has been checked.
 * @throws {ThingPassError} `request_invalid` for a day that the calendar has not.
 */
export function readTime(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new ThingPassError('request_invalid', 'a time in the request does not exist');
  return time;
}
