/** A worker that lived for this long did not die of its start. */
const LIVED_MS = 60_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

/** How often a worker died in a row, shortly after its start each time. */
export type Deaths = number;

/**
 * When a worker that died is replaced: soon, and ever later while its replacements die young.
 * @param deaths in a row before this one. @param livedMs how long it was there.
 */
export function afterDeath(
  deaths: Deaths,
  livedMs: number,
): { readonly deaths: Deaths; readonly pauseMs: number } {
  const inARow = livedMs >= LIVED_MS ? 1 : deaths + 1;
  return { deaths: inARow, pauseMs: Math.min(FIRST_PAUSE_MS * 2 ** (inARow - 1), LONGEST_PAUSE_MS) };
}
