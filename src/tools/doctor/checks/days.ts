export const DAY_MS = 24 * 60 * 60_000;

/** An authority is replaced over weeks: every device and edge broker has to know the next one first. */
export const AUTHORITY_NOTICE_MS = 60 * DAY_MS;

/** A day as people write it, by UTC. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 'YYYY-MM-DD'.length);
}
