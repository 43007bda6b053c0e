import type { Logger } from 'pino';
import type { Objection } from './policy.ts';

/** The log of certificate trust. URLs and file names come from the operator's configuration. */
export interface TrustLog {
  acceptedList(source: string, issuer: string, revoked: number, nextUpdate: number | undefined): void;
  rejectedList(source: string, why: string): void;
  /** The list expires soon or has expired. */
  listExpiring(source: string, issuer: string, nextUpdate: number, expired: boolean): void;
  acceptedAuthorities(file: string, count: number): void;
  rejectedAuthorities(file: string, why: string): void;
  /** A client was admitted although a rule objects. */
  warning(objection: Objection, device: string | undefined): void;
}

/** Warnings about clients that are logged each second; the rest are counted. */
const WARNINGS_PER_SECOND = 5;

export function createTrustLog(log: Logger, now: () => number = Date.now): TrustLog {
  let windowEnd = 0;
  let written = 0;
  let suppressed = 0;
  const time = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  return {
    acceptedList: (source, issuer, revoked, nextUpdate) =>
      log.info({ source, issuer, revoked, nextUpdate: time(nextUpdate) }, 'revocation list loaded'),
    rejectedList: (source, why) =>
      log.error({ source, why }, 'unusable revocation list; the previous one stays in force'),
    listExpiring: (source, issuer, nextUpdate, expired) =>
      log.warn(
        { source, issuer, nextUpdate: time(nextUpdate) },
        expired ? 'revocation list has expired' : 'revocation list expires soon, and there is no newer one',
      ),
    acceptedAuthorities: (file, count) => log.info({ file, count }, 'client authorities reloaded'),
    rejectedAuthorities: (file, why) =>
      log.error({ file, why }, 'unusable file of client authorities; the previous authorities stay in force'),
    warning({ rule, reason, detail }, device) {
      const at = now();
      if (at >= windowEnd) {
        if (suppressed > 0)
          log.warn({ suppressed }, 'more clients were admitted although a rule objects to the certificate');
        windowEnd = at + 1_000;
        written = 0;
        suppressed = 0;
      }
      if (written === WARNINGS_PER_SECOND) suppressed++;
      else {
        written++;
        log.warn(
          { rule, reason, device, detail },
          'client admitted although a rule objects to the certificate',
        );
      }
    },
  };
}
