import type { Expiring } from './expiring.ts';

/** So many days ahead somebody is told, each once. */
export const NOTICE_DAYS = [30, 7, 1] as const;

export const DAY_MS = 24 * 60 * 60 * 1_000;

/** That something ends within so many days. */
export interface Notice {
  readonly what: Expiring;
  readonly days: number;
}

/** The subject, its end and the days: the key under which the replicas agree who tells. */
export interface NoticeKey {
  readonly subjectId: string;
  /** Epoch milliseconds. */
  readonly endsAt: number;
  readonly days: number;
}

/**
 * What is to be told about something that ends, if anything. Only the nearest number of days counts: what is made for five days
 * is never announced thirty days ahead. Nothing is told where something else holds longer: nobody will be locked out.
 */
export function noticeOf(what: Expiring, now: number): Notice | undefined {
  if (what.replaced) return undefined;
  const left = what.endsAt - now;
  if (left < 0) return undefined;
  const days = NOTICE_DAYS.findLast((threshold) => left <= threshold * DAY_MS);
  return days === undefined ? undefined : { what, days };
}

export function keyOf({ what, days }: Notice): NoticeKey {
  return { subjectId: what.id, endsAt: what.endsAt, days };
}

/** The same for the same notice, wherever it is made. */
export function noticeId({ subjectId, endsAt, days }: NoticeKey): string {
  return `${subjectId}/${endsAt}/${days}`;
}

/**
 * A notice as its receiver reads it. It names the device, the kind and ids that prove nothing; a token or user name never
 * leaves the house, nor a hash of one, which could be guessed at.
 */
export function showNotice(notice: Notice) {
  const { what, days } = notice;
  const { subjectId, endsAt } = keyOf(notice);
  const { kind, credentialsType, device, certificateSha256, subject, usedBy } = what;
  return {
    id: noticeId({ subjectId, endsAt, days }),
    withinDays: days,
    ends: new Date(endsAt).toISOString(),
    kind,
    subjectId,
    credentialsType,
    device,
    certificateSha256,
    authority: subject,
    usedBy,
  };
}

/** Who was told of what, so that several replicas tell it once. All times are epoch milliseconds. */
export interface SentNotices {
  /** Those of the notices that nobody has sent yet; another replica may be at it. */
  unsent(keys: readonly NoticeKey[]): Promise<NoticeKey[]>;
  /**
   * Claims notices until a time. Another replica does not get a claimed notice, unless it was released.
   * @returns those that were neither sent nor taken on by another.
   */
  claim(keys: readonly NoticeKey[], now: number, until: number): Promise<NoticeKey[]>;
  /** They were sent, for good. */
  sent(keys: readonly NoticeKey[], now: number): Promise<void>;
  /** They could not be sent: anybody may take them on again. */
  release(keys: readonly NoticeKey[]): Promise<void>;
  /** Forgets what was told about what ended before. */
  prune(before: number): Promise<void>;
}
