import type { ThrottleLimits } from '../../config/throttle-settings.ts';
/** The failed logins of one address, client id or credentials id since its last good one; times in epoch milliseconds. */
export interface Failures {
  readonly count: number;
  /** Blocks so far, the one that lasts included. */
  readonly blocks: number;
  readonly lastAt: number;
  /** 0 before the first block. */
  readonly blockedUntil: number;
}

/** What had no failed login for this long, its blocks not counted, starts anew (ThingsBoard's session inactivity timeout). */
const REMEMBERED_MS = 600_000;

/**
 * The failures after one more (`engine/credentials/thingsboard.md` section 8): reaching the maximum blocks, and the end of a block does
 * not reset the count, so that the next single failure blocks again. Ours is that each block is twice as long. What fails while
 * a block lasts was under way when it began: it moves the end of the block and makes it no longer.
 */
export function afterFailure(before: Failures | undefined, now: number, limits: ThrottleLimits): Failures {
  const known = before === undefined || isForgotten(before, now) ? undefined : before;
  const count = (known?.count ?? 0) + 1;
  const blocks = known?.blocks ?? 0;
  if (count < limits.failures) return { count, blocks, lastAt: now, blockedUntil: 0 };
  const further = isBlocked(known, now) ? blocks : blocks + 1;
  const length = Math.min(limits.blockMs * 2 ** (further - 1), limits.longestBlockMs);
  return { count, blocks: further, lastAt: now, blockedUntil: now + length };
}

export function isBlocked(failures: Failures | undefined, now: number): boolean {
  return failures !== undefined && failures.blockedUntil > now;
}

export function isForgotten({ lastAt, blockedUntil }: Failures, now: number): boolean {
  return now >= Math.max(lastAt, blockedUntil) + REMEMBERED_MS;
}
