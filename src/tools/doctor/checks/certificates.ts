import type { Config } from '../../../config/config.ts';
import { openTrust, type TrustExpiries } from '../../../engine/certificates/trust/trust.ts';
import type { TrustLog } from '../../../engine/certificates/trust/trust-log.ts';
import { isThingPassError } from '../../../model/errors.ts';
import { advice, type Check, type Finding, problem } from '../finding.ts';
import { AUTHORITY_NOTICE_MS, dayOf } from './days.ts';

/** Authorities and revocation lists that are unusable, have ended or end soon. */
export const checkCertificates: Check = {
  name: 'certificates',
  looks: 'authorities and revocation lists can be read, and are in date',
  needsConfig: true,
  run: ({ config, now }) => (config === undefined ? [] : look(config, now)),
};

async function look({ trust: settings, skipCertificateDates }: Config, now: number): Promise<Finding[]> {
  const refused: Finding[] = [];
  try {
    const trust = await openTrust({
      config: settings,
      skipDates: skipCertificateDates,
      profilePolicies: () => new Map(),
      log: listening(refused),
    });
    const ends = trust.expiries();
    await trust.close();
    return [
      ...refused,
      ...ends.authorities.flatMap((one) => authority(one, now)),
      ...ends.lists.flatMap((one) => list(one, now)),
    ];
  } catch (error) {
    if (!isThingPassError(error, 'authorities_unusable')) throw error;
    const detail = `THINGPASS_CLIENT_CA_FILE (${settings.authoritiesFile}): ${error.message}`;
    return [
      problem(
        detail,
        'give it a PEM file of CA certificates; thingpass certificate inspect tells what a file holds',
      ),
    ];
  }
}

function authority({ subject, notAfter }: TrustExpiries['authorities'][number], now: number): Finding[] {
  const day = dayOf(notAfter);
  const mend =
    'add the next authority to THINGPASS_CLIENT_CA_FILE next to this one, then renew the devices’ certificates';
  if (notAfter <= now) return [problem(`the authority ${subject} expired on ${day}`, mend)];
  if (notAfter - now < AUTHORITY_NOTICE_MS)
    return [advice(`the authority ${subject} expires on ${day}`, mend)];
  return [];
}

/** Soon is the last quarter of its time, as the server's own warnings have it. */
function list(
  { source, issuer, thisUpdate, nextUpdate }: TrustExpiries['lists'][number],
  now: number,
): Finding[] {
  if (nextUpdate === undefined) return [];
  const mend = `let the authority publish its next list, and put it at ${source}`;
  const named = `the revocation list of ${issuer} (${source})`;
  if (nextUpdate <= now) return [problem(`${named} expired on ${dayOf(nextUpdate)}`, mend)];
  if (nextUpdate - now <= (nextUpdate - thisUpdate) / 4)
    return [advice(`${named} expires on ${dayOf(nextUpdate)}`, mend)];
  return [];
}

/** Hears what cannot be used. */
function listening(refused: Finding[]): TrustLog {
  const nothing = (): void => undefined;
  return {
    acceptedList: nothing,
    rejectedList: (source, why) =>
      refused.push(
        problem(
          `the revocation list ${source} cannot be used: ${why}`,
          'see whether it is the authority’s newest list, PEM or DER',
        ),
      ),
    listExpiring: nothing,
    acceptedAuthorities: nothing,
    rejectedAuthorities: nothing,
    warning: nothing,
  };
}
