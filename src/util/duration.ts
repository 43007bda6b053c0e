const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/** The longest duration accepted: 100 years. */
const MAX_MS = 100 * 366 * UNITS_MS.d;

/** The pattern that {@link parseDuration} accepts, for JSON Schema. */
export const DURATION_PATTERN = '^(0|\\d{1,7}[mhdw])$';

/**
 * Parses a duration such as `90m`, `12h`, `7d`, `2w` or `0`.
 * @returns milliseconds, or `undefined` for any other text.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const [, count, unit] = /^(\d{1,7})([mhdw])$/.exec(text) ?? [];
  const value = Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  return Number.isFinite(value) && value <= MAX_MS ? value : undefined;
}
