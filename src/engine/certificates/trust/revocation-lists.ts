import type { InspectedCertificate } from '../x509/inspect.ts';
import { formatName, nameKey } from '../x509/name.ts';
import type { Objection } from './policy.ts';
import { covers, isListOf, type RevocationList, scopeKey } from './revocation-list.ts';

/** What happens to a client whose revocation status is unknown. */
export type WhenUnknown = 'admit' | 'refuse';

export interface RevocationRules {
  /** If the list has expired (nextUpdate has passed). */
  readonly expired: WhenUnknown;
  /** If an authority on the path has no list with a valid signature. */
  readonly missing: WhenUnknown;
}

/** A list and its file or URL. */
export interface SourcedList {
  readonly source: string;
  readonly list: RevocationList;
}

/** An immutable set of lists. A change makes a new set. */
export class RevocationLists {
  readonly all: readonly SourcedList[];
  readonly #byIssuer = new Map<string, RevocationList[]>();
  /** Whether an authority signed a list. Cached, because the check hashes up to 16 MiB. */
  readonly #verdicts = new Map<RevocationList, Map<string, boolean>>();

  /** @param all if several lists cover the same certificates, the latest one counts. */
  constructor(all: readonly SourcedList[]) {
    this.all = all;
    for (const { list } of all) {
      const key = nameKey(list.issuer);
      this.#byIssuer.set(key, [...(this.#byIssuer.get(key) ?? []), list]);
    }
  }

  /** The lists that the authority signed, the latest for each scope. */
  of(authority: InspectedCertificate): readonly RevocationList[] {
    const latest = new Map<string, RevocationList>();
    for (const list of this.#byIssuer.get(nameKey(authority.subject)) ?? []) {
      const current = latest.get(scopeKey(list));
      if (current !== undefined && current.thisUpdate >= list.thisUpdate) continue;
      if (this.#isListOf(list, authority)) latest.set(scopeKey(list), list);
    }
    return [...latest.values()];
  }

  #isListOf(list: RevocationList, authority: InspectedCertificate): boolean {
    const verdicts = this.#verdicts.get(list) ?? new Map<string, boolean>();
    this.#verdicts.set(list, verdicts);
    let verdict = verdicts.get(authority.sha256);
    if (verdict === undefined) {
      verdict = isListOf(list, authority);
      verdicts.set(authority.sha256, verdict);
    }
    return verdict;
  }
}

/** The result of a revocation check, and until when it counts, in epoch milliseconds. */
export interface RevocationVerdict {
  readonly objection: Objection | undefined;
  readonly until: number;
}

/**
 * Checks every certificate of the path except the last for revocation (RFC 5280 section 6.3). An expired list still
 * counts for the certificates that it names: being late revokes no revocation.
 * @param path leaf first.
 * @param now epoch milliseconds.
 */
export function revocationOf(
  path: readonly InspectedCertificate[],
  lists: RevocationLists,
  rules: RevocationRules,
  now: number,
): RevocationVerdict {
  let until = Number.POSITIVE_INFINITY;
  let unknownStatus: Objection | undefined;
  for (const [index, certificate] of path.slice(0, -1).entries()) {
    const authority = path[index + 1] as InspectedCertificate;
    const known = lists.of(authority);
    const name = formatName(certificate.subject);
    if (known.some(({ revoked }) => revoked.has(certificate.serialNumber))) {
      return {
        objection: { ...REVOKED, detail: `${name} is revoked by ${formatName(authority.subject)}` },
        until,
      };
    }
    const covering = known.filter((list) => covers(list, certificate));
    if (covering.length === 0) {
      const detail = `there is no revocation list of ${formatName(authority.subject)}`;
      unknownStatus = stricter(unknownStatus, unknown(detail, rules.missing));
    }
    for (const { nextUpdate = Number.POSITIVE_INFINITY } of covering) {
      if (nextUpdate > now) until = Math.min(until, nextUpdate);
      else unknownStatus = stricter(unknownStatus, unknown(expiry(authority, nextUpdate), rules.expired));
    }
  }
  return { objection: unknownStatus, until };
}

const REVOKED = { rule: 'crl', reason: 'certificate_revoked' } as const;

function unknown(detail: string, when: WhenUnknown): Objection {
  return { rule: 'crl', reason: 'certificate_status_unknown', detail, tolerated: when === 'admit' };
}

function stricter(one: Objection | undefined, other: Objection): Objection {
  return one === undefined || (one.tolerated && !other.tolerated) ? other : one;
}

function expiry(authority: InspectedCertificate, nextUpdate: number): string {
  return `the revocation list of ${formatName(authority.subject)} has expired at ${new Date(nextUpdate).toISOString()}`;
}
