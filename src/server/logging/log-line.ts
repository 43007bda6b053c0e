import { pino } from 'pino';

/** Several processes write to one pipe. Linux keeps a single write together only up to this size (PIPE_BUF). */
export const LONGEST_LINE_BYTES = 4_096;

/** Tried in order: characters kept of each text, members kept of each list. */
const BOUNDS = [
  { characters: 1_000, members: 20 },
  { characters: 200, members: 10 },
  { characters: 60, members: 3 },
] as const;

/**
 * Keeps a log line within {@link LONGEST_LINE_BYTES} of UTF-8. A longer line has its texts and lists cut, and the member
 * `shortened` says so.
 * @param line JSON with its line end.
 */
export function boundLine(line: string): string {
  // Most lines are far shorter, and a UTF-16 unit takes at most three bytes.
  if (line.length * 3 <= LONGEST_LINE_BYTES || Buffer.byteLength(line) <= LONGEST_LINE_BYTES) return line;
  const whole = JSON.parse(line) as Record<string, unknown>;
  for (const bound of BOUNDS) {
    const shorter = `${JSON.stringify({ ...(cut(whole, bound) as object), shortened: true })}\n`;
    if (Buffer.byteLength(shorter) <= LONGEST_LINE_BYTES) return shorter;
  }
  const { level, time, service, worker, msg } = cut(whole, BOUNDS[2]) as Record<string, unknown>;
  return `${JSON.stringify({ level, time, service, worker, msg, shortened: true })}\n`;
}

function cut(value: unknown, bound: { readonly characters: number; readonly members: number }): unknown {
  if (typeof value === 'string')
    return value.length <= bound.characters ? value : `${value.slice(0, bound.characters)}…`;
  if (Array.isArray(value)) {
    const first = value.slice(0, bound.members).map((member) => cut(member, bound));
    return value.length <= bound.members ? first : [...first, `… ${value.length - bound.members} more`];
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member, bound)]));
}

/** The members of an error that may be logged. Others may not: PostgreSQL's `detail` repeats rows, with credentials in them. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = pino.stdSerializers.err(error);
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  const several = Array.isArray(errors)
    ? errors.map((one: unknown) => (one as Error | null)?.message)
    : undefined;
  return { type, message, stack, code, errors: several };
}
