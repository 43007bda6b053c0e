import type { Logger } from 'pino';
import type { Objection } from './policy.ts';

/** What trust has to tell operators. URLs and file names are the operator's own. */
export interface TrustLog {
  tookList(source: string, issuer: string, revoked: number, nextUpdate: number | undefined): void;
  refusedList(source: string, why: string): void;
  /** The list's time ends soon, or has ended. */
  ending(source: string, issuer: string, nextUpdate: number, expired: boolean): void;
  tookAuthorities(file: string, count: number): void;
  refusedAuthorities(file: string, why: string): void;
  /** A client was admitted although a rule objects. */
  warning(objection: Objection, device: string | undefined): void;
}

/** So many warnings about clients a second are written one by one; the rest are summed up. */
const WARNINGS_PER_SECOND = 5;

export function createTrustLog(log: Logger, now: () => number = Date.now): TrustLog {
  let windowEnd = 0;
  let written = 0;
  let unwritten = 0;
  const time = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  return {
    tookList: (source, issuer, revoked, nextUpdate) =>
      log.info({ source, issuer, revoked, nextUpdate: time(nextUpdate) }, 'a revocation list was read'),
    refusedList: (source, why) =>
      log.error({ source, why }, 'a revocation list cannot be used; what was there before stays in force'),
    ending: (source, issuer, nextUpdate, expired) =>
      log.warn(
        { source, issuer, nextUpdate: time(nextUpdate) },
        expired
          ? 'a revocation list has expired'
          : 'a revocation list expires soon, and no newer one is here',
      ),
    tookAuthorities: (file, count) => log.info({ file, count }, 'the client authorities were read again'),
    refusedAuthorities: (file, why) =>
      log.error({ file, why }, 'the client authorities cannot be used; those before stay in force'),
    warning({ rule, reason, detail }, device) {
      const at = now();
      if (at >= windowEnd) {
        if (unwritten > 0) log.warn({ unwritten }, 'more certificates were objected to');
        windowEnd = at + 1_000;
        written = 0;
        unwritten = 0;
      }
      if (written === WARNINGS_PER_SECOND) unwritten++;
      else {
        written++;
        log.warn({ rule, reason, device, detail }, 'admitted, although a rule objects to the certificate');
      }
    },
  };
}
