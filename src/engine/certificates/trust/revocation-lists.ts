import type { InspectedCertificate } from '../x509/inspect.ts';
import { formatName, nameKey } from '../x509/name.ts';
import type { Objection } from './policy.ts';
import { covers, isListOf, type RevocationList, scopeKey } from './revocation-list.ts';

/** What follows where nothing certain is known. */
export type WhenUnknown = 'admit' | 'refuse';

export interface RevocationRules {
  /** Where the list is past its nextUpdate. */
  readonly expired: WhenUnknown;
  /** Where an authority on the path has no list that can be believed. */
  readonly missing: WhenUnknown;
}

/** A list and where it came from. */
export interface SourcedList {
  readonly source: string;
  readonly list: RevocationList;
}

/** All lists there are at a moment; immutable, so that another takes its place. */
export class RevocationLists {
  readonly all: readonly SourcedList[];
  readonly #byIssuer = new Map<string, RevocationList[]>();
  /** Whether an authority made a list: a hash of up to 16 MiB, so it is asked once. */
  readonly #believed = new Map<RevocationList, Map<string, boolean>>();

  /** @param all of several lists with the same scope the latest counts. */
  constructor(all: readonly SourcedList[]) {
    this.all = all;
    for (const { list } of all) {
      const key = nameKey(list.issuer);
      this.#byIssuer.set(key, [...(this.#byIssuer.get(key) ?? []), list]);
    }
  }

  /** The believed lists of an authority, of each scope the latest. */
  of(authority: InspectedCertificate): readonly RevocationList[] {
    const latest = new Map<string, RevocationList>();
    for (const list of this.#byIssuer.get(nameKey(authority.subject)) ?? []) {
      const rival = latest.get(scopeKey(list));
      if (rival !== undefined && rival.thisUpdate >= list.thisUpdate) continue;
      if (this.#isBelieved(list, authority)) latest.set(scopeKey(list), list);
    }
    return [...latest.values()];
  }

  #isBelieved(list: RevocationList, authority: InspectedCertificate): boolean {
    const verdicts = this.#believed.get(list) ?? new Map<string, boolean>();
    this.#believed.set(list, verdicts);
    let verdict = verdicts.get(authority.sha256);
    if (verdict === undefined) {
      verdict = isListOf(list, authority);
      verdicts.set(authority.sha256, verdict);
    }
    return verdict;
  }
}

/** What the lists say of a path, and until when that holds in epoch milliseconds. */
export interface RevocationVerdict {
  readonly objection: Objection | undefined;
  readonly until: number;
}

/**
 * Whether a certificate of the path is revoked, the leaf and every authority but the last (RFC 5280 section 6.3). A list that has
 * expired goes on counting for what it names: an authority takes nothing back by being late.
 * @param path leaf first.
 */
export function revocationOf(
  path: readonly InspectedCertificate[],
  lists: RevocationLists,
  rules: RevocationRules,
  now: number,
): RevocationVerdict {
  let until = Number.POSITIVE_INFINITY;
  let doubt: Objection | undefined;
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
      doubt = worse(doubt, unknown(detail, rules.missing));
    }
    for (const { nextUpdate = Number.POSITIVE_INFINITY } of covering) {
      if (nextUpdate > now) until = Math.min(until, nextUpdate);
      else doubt = worse(doubt, unknown(expiry(authority, nextUpdate), rules.expired));
    }
  }
  return { objection: doubt, until };
}

const REVOKED = { rule: 'crl', reason: 'certificate_revoked' } as const;

function unknown(detail: string, when: WhenUnknown): Objection {
  return { rule: 'crl', reason: 'certificate_status_unknown', detail, tolerated: when === 'admit' };
}

function worse(one: Objection | undefined, other: Objection): Objection {
  return one === undefined || (one.tolerated && !other.tolerated) ? other : one;
}

function expiry(authority: InspectedCertificate, nextUpdate: number): string {
  return `the revocation list of ${formatName(authority.subject)} has expired at ${new Date(nextUpdate).toISOString()}`;
}
