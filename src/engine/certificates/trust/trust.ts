import { readFileSync } from 'node:fs';
import { isThingPassError, ThingPassError } from '../../../model/errors.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import { type InspectedCertificate, inspectCertificate } from '../x509/inspect.ts';
import { formatName } from '../x509/name.ts';
import { type Authorities, NO_AUTHORITIES, readAuthorities } from './authorities.ts';
import { OcspClient } from './ocsp.ts';
import { findPath, type PathVerdict } from './path.ts';
import { enabledRules, type Objection, overridePolicy, type TrustPolicy, type TrustRule } from './policy.ts';
import { revocationOf } from './revocation-lists.ts';
import { RevocationSources } from './revocation-sources.ts';
import type { TrustLog } from './trust-log.ts';
import type { TrustConfig } from './trust-settings.ts';
import { usageObjection } from './usage.ts';
import { watchFiles } from './watched-files.ts';

/** A leaf and the certificates sent with it, leaf first, as DER and as credentials ids. */
interface TrustSubject {
  readonly ders: readonly [leaf: Uint8Array, ...chain: Uint8Array[]];
  readonly ids: readonly [leaf: string, ...chain: string[]];
}

/** An objection, and whether the policy refuses the client for it. */
export interface Finding extends Objection {
  readonly refuses: boolean;
}

/** When authorities and lists expire, for expiry watches and metrics. Times are epoch milliseconds. */
export interface TrustExpiries {
  readonly authorities: readonly {
    readonly subject: string;
    readonly sha256: string;
    readonly notAfter: number;
  }[];
  readonly lists: readonly {
    readonly source: string;
    readonly issuer: string;
    readonly thisUpdate: number;
    /** Absent if the authority announces no next list. */
    readonly nextUpdate: number | undefined;
  }[];
}

/** Checks client certificates beyond ThingsBoard's rules. */
export interface Trust {
  /**
   * Returns the objections to a client's certificate. Synchronous for a certificate that was checked before.
   * @param subject `undefined` if only the certificate's name was sent, which cannot be checked.
   * @param profileId the device's profile, which may have its own policy.
   * @param silently do not log warnings, which say that a client was admitted. For simulated decisions.
   */
  check(
    subject: TrustSubject | undefined,
    profileId: string | undefined,
    deviceId: string,
    silently?: 'silently',
  ): readonly Finding[] | Promise<readonly Finding[]>;
  expiries(): TrustExpiries;
  close(): Promise<void>;
}

export interface TrustOptions {
  readonly config: TrustConfig;
  readonly skipDates: boolean;
  /** The policies of profiles that define one, by profile id. */
  readonly profilePolicies: () => ReadonlyMap<string, Partial<TrustPolicy>>;
  readonly log: TrustLog;
  readonly now?: (() => number) | undefined;
  /** How often files are checked for changes, in milliseconds. */
  readonly pollIntervalMs?: number | undefined;
  /** The minimum time between two downloads of a list, in milliseconds. */
  readonly refetchMs?: number | undefined;
}

const NO_FINDINGS: readonly Finding[] = Object.freeze([]);
/** A result is checked again after this time, even if it is valid longer. */
const MAX_CACHE_MS = 60 * 60_000;
/** How long "untrusted" is cached: a path may become valid when a date is reached. */
const UNTRUSTED_CACHE_MS = 60_000;
/** An entry takes some 500 bytes. */
const MAX_CACHED = 50_000;
/** How long the start waits for downloads if clients are admitted without a list. */
const MAX_START_WAIT_MS = 500;

interface Assessment {
  readonly objections: readonly Objection[];
  readonly until: number;
  readonly generation: number;
}

/**
 * Loads the authorities and lists and keeps them up to date until it is closed.
 * @throws {ThingPassError} `authorities_unusable` if the authorities file cannot be used. After the start such a file is
 *   only logged.
 */
export async function openTrust(parts: TrustOptions): Promise<Trust> {
  const { config, log, now = Date.now, pollIntervalMs, refetchMs } = parts;
  const { authoritiesFile } = config;
  let generation = 0;
  const assessments = new BoundedMap<string, Assessment>(MAX_CACHED);
  const pending = new Map<string, Promise<Assessment>>();
  const invalidate = (): void => {
    generation++;
    assessments.clear();
    pending.clear();
  };

  let authorities: Authorities =
    authoritiesFile === undefined ? NO_AUTHORITIES : readAuthoritiesFile(authoritiesFile);
  const watch = watchFiles(
    authoritiesFile === undefined ? [] : [authoritiesFile],
    (file) => {
      try {
        authorities = readAuthoritiesFile(file);
        log.acceptedAuthorities(file, authorities.all.length);
        invalidate();
      } catch (error) {
        log.rejectedAuthorities(file, (error as Error).message);
      }
    },
    pollIntervalMs,
  );
  const sources = await RevocationSources.open(
    {
      files: config.crl.files,
      urls: config.crl.urls,
      timeoutMs: config.crl.timeoutMs,
      log,
      now,
      onChange: invalidate,
      pollIntervalMs,
      refetchMs,
    },
    config.crl.missing === 'refuse' ? undefined : MAX_START_WAIT_MS,
  );
  const ocsp = new OcspClient({ ...config.ocsp, now });

  async function assess(subject: TrustSubject, rules: readonly TrustRule[]): Promise<Assessment> {
    const begun = generation;
    const at = now();
    const [leaf, ...chain] = subject.ders;
    const verdict: PathVerdict | undefined = rules.some((rule) => rule !== 'usage')
      ? await findPath(leaf, chain, authorities, { now: at, skipDates: parts.skipDates })
      : undefined;
    let until = at + (verdict?.trusted === false ? UNTRUSTED_CACHE_MS : MAX_CACHE_MS);
    if (verdict?.trusted && !parts.skipDates)
      until = Math.min(until, ...verdict.path.map(({ notAfter }) => notAfter + 1));
    const objections: Objection[] = [];
    for (const rule of rules) {
      const { objection, until: ruleUntil } = await checkRule(rule, leaf, verdict, at);
      until = Math.min(until, ruleUntil);
      if (objection !== undefined) objections.push(objection);
    }
    return { objections, until, generation: begun };
  }

  async function checkRule(rule: TrustRule, leaf: Uint8Array, verdict: PathVerdict | undefined, at: number) {
    const forever = Number.POSITIVE_INFINITY;
    if (rule === 'usage') return { objection: objectionToUsage(leaf), until: forever };
    if (!verdict?.trusted) {
      return { objection: objectionWithoutPath(rule, config, verdict?.detail ?? ''), until: forever };
    }
    const { path } = verdict;
    switch (rule) {
      case 'path':
        return { objection: undefined, until: forever };
      case 'crl':
        return revocationOf(path, sources.current, config.crl, at);
      case 'ocsp':
        return ocsp.statusOf(path[0] as InspectedCertificate, path[1] as InspectedCertificate);
    }
  }

  function start(key: string, subject: TrustSubject, rules: readonly TrustRule[]): Promise<Assessment> {
    const asked = pending.get(key);
    if (asked !== undefined) return asked;
    const work = assess(subject, rules).then((assessment) => {
      if (assessment.generation === generation) assessments.set(key, assessment);
      return assessment;
    });
    pending.set(key, work);
    const done = (): void => {
      if (pending.get(key) === work) pending.delete(key);
    };
    work.then(done, done);
    return work;
  }

  const expiryTimer = watchListExpiry(sources, log, now);
  const policies = policiesFor(parts);
  return {
    check(subject, profileId, deviceId, silently) {
      const { policy, rules } = policies(profileId);
      if (rules.length === 0) return NO_FINDINGS;
      const conclude = (objections: readonly Objection[]): readonly Finding[] =>
        objections.length === 0
          ? NO_FINDINGS
          : findings(objections, policy, deviceId, silently === undefined ? log : undefined);
      if (subject === undefined) {
        return conclude(rules.map((rule) => objectionWithoutPath(rule, config, 'only its name was sent')));
      }
      const { ids } = subject;
      const key = `${ids.length === 1 ? ids[0] : ids.join()} ${rules.join()}`;
      const known = assessments.get(key);
      if (known !== undefined && now() < known.until) return conclude(known.objections);
      return start(key, subject, rules).then(({ objections }) => conclude(objections));
    },
    expiries: () => ({
      authorities: authorities.all.map(({ subject, sha256, notAfter }) => ({
        subject: formatName(subject),
        sha256,
        notAfter,
      })),
      lists: sources.current.all.map(({ source, list: { issuer, thisUpdate, nextUpdate } }) => ({
        source,
        issuer: formatName(issuer),
        thisUpdate,
        nextUpdate,
      })),
    }),
    async close() {
      clearInterval(expiryTimer);
      watch.close();
      await sources.close();
      await ocsp.close();
    },
  };
}

function readAuthoritiesFile(file: string): Authorities {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ThingPassError(
      'authorities_unusable',
      `cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
  return readAuthorities(pem);
}

/** Policies are few and used by every decision, so their rules are cached. */
function policiesFor({ config, profilePolicies }: TrustOptions) {
  const withRules = (policy: TrustPolicy) => ({ policy, rules: enabledRules(policy) });
  const general = withRules(config.policy);
  const kept = new WeakMap<Partial<TrustPolicy>, ReturnType<typeof withRules>>();
  return (profileId: string | undefined) => {
    const own = profileId === undefined ? undefined : profilePolicies().get(profileId);
    if (own === undefined) return general;
    let known = kept.get(own);
    if (known === undefined) {
      known = withRules(overridePolicy(config.policy, own));
      kept.set(own, known);
    }
    return known;
  };
}

function findings(
  objections: readonly Objection[],
  policy: TrustPolicy,
  deviceId: string,
  log: TrustLog | undefined,
): readonly Finding[] {
  return objections.map((objection) => {
    const refuses = policy[objection.rule] === 'require' && objection.tolerated !== true;
    if (!refuses) log?.warning(objection, deviceId);
    return { ...objection, refuses };
  });
}

function objectionToUsage(leaf: Uint8Array): Objection | undefined {
  try {
    return usageObjection(inspectCertificate(leaf));
  } catch (error) {
    if (!isThingPassError(error, 'certificate_unreadable')) throw error;
    return { rule: 'usage', reason: 'certificate_usage_mismatch', detail: 'its extensions cannot be read' };
  }
}

/**
 * The objection of a rule if there is no valid path. Revocation is unknown then, which does not mean "not revoked".
 */
function objectionWithoutPath(rule: TrustRule, { crl, ocsp }: TrustConfig, detail: string): Objection {
  switch (rule) {
    case 'path':
      return { rule, reason: 'certificate_untrusted', detail };
    case 'usage':
      return { rule, reason: 'certificate_usage_mismatch', detail };
    case 'crl':
      return { rule, reason: 'certificate_status_unknown', detail, tolerated: crl.missing === 'admit' };
    case 'ocsp':
      return { rule, reason: 'certificate_status_unknown', detail, tolerated: ocsp.noAnswer === 'admit' };
  }
}

const EXPIRY_CHECK_MS = 60_000;
const REPEAT_WARNING_MS = 60 * 60_000;

/** Warns once an hour about a list with less than a quarter of its time left and no newer list. */
function watchListExpiry(sources: RevocationSources, log: TrustLog, now: () => number): NodeJS.Timeout {
  const lastWarned = new Map<string, number>();
  const look = (): void => {
    const at = now();
    for (const { source, list } of sources.current.all) {
      const { nextUpdate, thisUpdate } = list;
      if (nextUpdate === undefined || nextUpdate - at > (nextUpdate - thisUpdate) / 4) continue;
      const key = `${source} ${nextUpdate} ${nextUpdate <= at}`;
      if ((lastWarned.get(key) ?? 0) > at - REPEAT_WARNING_MS) continue;
      lastWarned.set(key, at);
      log.listExpiring(source, formatName(list.issuer), nextUpdate, nextUpdate <= at);
    }
    for (const [key, time] of lastWarned) if (time < at - 2 * REPEAT_WARNING_MS) lastWarned.delete(key);
  };
  look();
  return setInterval(look, EXPIRY_CHECK_MS).unref();
}
