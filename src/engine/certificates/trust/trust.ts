import { readFileSync } from 'node:fs';
import { CertificateUnreadable } from '../text/fault.ts';
import { type InspectedCertificate, inspectCertificate } from '../x509/inspect.ts';
import { formatName } from '../x509/name.ts';
import { type Authorities, AuthoritiesUnusable, NO_AUTHORITIES, readAuthorities } from './authorities.ts';
import { OcspClient } from './ocsp.ts';
import { findPath, type PathVerdict } from './path.ts';
import { type Objection, overridden, rulesOf, type TrustPolicy, type TrustRule } from './policy.ts';
import { revocationOf } from './revocation-lists.ts';
import { RevocationSources } from './revocation-sources.ts';
import type { TrustLog } from './trust-log.ts';
import type { TrustConfig } from './trust-settings.ts';
import { usageObjection } from './usage.ts';
import { watchFiles } from './watched-files.ts';

/** A leaf and what came with it, leaf first, and the credentials ids of all, which are hashes of their DER. */
export interface TrustSubject {
  readonly ders: readonly [leaf: Uint8Array, ...chain: Uint8Array[]];
  readonly ids: readonly [leaf: string, ...chain: string[]];
}

/** An objection, and whether it keeps the client out by the policy in force. */
export interface Finding extends Objection {
  readonly refuses: boolean;
}

/** When what trust rests on ends, for expiry watches and metrics. Times are epoch milliseconds. */
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
    /** Absent where the authority promises no next one. */
    readonly nextUpdate: number | undefined;
  }[];
}

/** What an installation asks of certificates beyond ThingsBoard's rules, and what it knows to judge them by. */
export interface Trust {
  /**
   * What speaks against a client's certificate. Answers at once for a certificate that was judged before.
   * @param subject `undefined` where only the certificate's name came: then nothing can be found out.
   * @param profileId of the device, whose profile may have a policy of its own.
   * @param silently for whoever only wonders: warnings, which say that a client was admitted, are not logged.
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

export interface TrustParts {
  readonly config: TrustConfig;
  readonly skipDates: boolean;
  /** The policies of profiles that have one, by the profile's id. */
  readonly profilePolicies: () => ReadonlyMap<string, Partial<TrustPolicy>>;
  readonly log: TrustLog;
  readonly now?: (() => number) | undefined;
  /** How often files are looked at, in milliseconds. */
  readonly lookEveryMs?: number | undefined;
  /** A list that has been fetched is not fetched again sooner. */
  readonly refetchMs?: number | undefined;
}

const NOTHING: readonly Finding[] = Object.freeze([]);
/** However long everything holds, it is looked at again after this. */
const LONGEST_MS = 60 * 60_000;
/** A path that does not hold may do so once a date has come. */
const DOUBT_MS = 60_000;
/** Some 500 bytes each. */
const KEPT = 50_000;
/** Where clients are admitted without a list, its server is waited for at the start so long. */
const PATIENCE_MS = 500;

interface Assessment {
  readonly objections: readonly Objection[];
  readonly until: number;
  readonly generation: number;
}

/**
 * Reads the authorities and lists, and keeps them up to date until it is closed.
 * @throws {AuthoritiesUnusable} when the file of authorities cannot be used; at the start only.
 */
export async function openTrust(parts: TrustParts): Promise<Trust> {
  const { config, log, now = Date.now, lookEveryMs, refetchMs } = parts;
  const { authoritiesFile } = config;
  let generation = 0;
  const assessments = new Map<string, Assessment>();
  const underWay = new Map<string, Promise<Assessment>>();
  const renew = (): void => {
    generation++;
    assessments.clear();
    underWay.clear();
  };

  let authorities: Authorities = authoritiesFile === undefined ? NO_AUTHORITIES : read(authoritiesFile);
  const watch = watchFiles(
    authoritiesFile === undefined ? [] : [authoritiesFile],
    (file) => {
      try {
        authorities = read(file);
        log.tookAuthorities(file, authorities.all.length);
        renew();
      } catch (error) {
        log.refusedAuthorities(file, (error as Error).message);
      }
    },
    lookEveryMs,
  );
  const sources = await RevocationSources.open(
    {
      files: config.crl.files,
      urls: config.crl.urls,
      timeoutMs: config.crl.timeoutMs,
      log,
      now,
      changed: renew,
      lookEveryMs,
      refetchMs,
    },
    config.crl.missing === 'refuse' ? undefined : PATIENCE_MS,
  );
  const ocsp = new OcspClient({ ...config.ocsp, now });

  async function assess(subject: TrustSubject, rules: readonly TrustRule[]): Promise<Assessment> {
    const begun = generation;
    const at = now();
    const [leaf, ...chain] = subject.ders;
    const verdict: PathVerdict | undefined = rules.some((rule) => rule !== 'usage')
      ? await findPath(leaf, chain, authorities, { now: at, skipDates: parts.skipDates })
      : undefined;
    let until = at + (verdict?.trusted === false ? DOUBT_MS : LONGEST_MS);
    if (verdict?.trusted && !parts.skipDates)
      until = Math.min(until, ...verdict.path.map(({ notAfter }) => notAfter + 1));
    const objections: Objection[] = [];
    for (const rule of rules) {
      const detail = await judge(rule, leaf, verdict, at);
      until = Math.min(until, detail.until);
      if (detail.objection !== undefined) objections.push(detail.objection);
    }
    return { objections, until, generation: begun };
  }

  async function judge(rule: TrustRule, leaf: Uint8Array, verdict: PathVerdict | undefined, at: number) {
    const always = Number.POSITIVE_INFINITY;
    if (rule === 'usage') return { objection: objectionToUsage(leaf), until: always };
    if (!verdict?.trusted) {
      return { objection: withoutPath(rule, config, verdict?.detail ?? ''), until: always };
    }
    const { path } = verdict;
    switch (rule) {
      case 'path':
        return { objection: undefined, until: always };
      case 'crl':
        return revocationOf(path, sources.current, config.crl, at);
      case 'ocsp':
        return ocsp.statusOf(path[0] as InspectedCertificate, path[1] as InspectedCertificate);
    }
  }

  function start(key: string, subject: TrustSubject, rules: readonly TrustRule[]): Promise<Assessment> {
    const asked = underWay.get(key);
    if (asked !== undefined) return asked;
    const work = assess(subject, rules).then((assessment) => {
      if (assessment.generation === generation) {
        const [oldest] = assessments.size < KEPT ? [] : assessments.keys();
        if (oldest !== undefined) assessments.delete(oldest);
        assessments.set(key, assessment);
      }
      return assessment;
    });
    underWay.set(key, work);
    const done = (): void => {
      if (underWay.get(key) === work) underWay.delete(key);
    };
    work.then(done, done);
    return work;
  }

  const endings = watchEndings(sources, log, now);
  const policies = policiesFor(parts);
  return {
    check(subject, profileId, deviceId, silently) {
      const { policy, rules } = policies(profileId);
      if (rules.length === 0) return NOTHING;
      const conclude = (objections: readonly Objection[]): readonly Finding[] =>
        objections.length === 0
          ? NOTHING
          : findings(objections, policy, deviceId, silently === undefined ? log : undefined);
      if (subject === undefined) {
        return conclude(rules.map((rule) => withoutPath(rule, config, 'only its name came')));
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
      clearInterval(endings);
      watch.close();
      await sources.close();
      await ocsp.close();
    },
  };
}

function read(file: string): Authorities {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw new AuthoritiesUnusable(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return readAuthorities(pem);
}

/** Policies are few and looked up at every decision, so what follows from each is kept. */
function policiesFor({ config, profilePolicies }: TrustParts) {
  const withRules = (policy: TrustPolicy) => ({ policy, rules: rulesOf(policy) });
  const general = withRules(config.policy);
  const kept = new WeakMap<Partial<TrustPolicy>, ReturnType<typeof withRules>>();
  return (profileId: string | undefined) => {
    const own = profileId === undefined ? undefined : profilePolicies().get(profileId);
    if (own === undefined) return general;
    let known = kept.get(own);
    if (known === undefined) {
      known = withRules(overridden(config.policy, own));
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
    if (!(error instanceof CertificateUnreadable)) throw error;
    return { rule: 'usage', reason: 'certificate_usage_mismatch', detail: 'its extensions cannot be read' };
  }
}

/** What a rule says where no path is known to look along: revocation is then not known, which is not "not revoked". */
function withoutPath(rule: TrustRule, { crl, ocsp }: TrustConfig, detail: string): Objection {
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

const LOOK_FOR_ENDINGS_MS = 60_000;
const SAY_AGAIN_MS = 60 * 60_000;

/** Says long before a list expires that no newer one is here: when less than a quarter of its time is left, once an hour. */
function watchEndings(sources: RevocationSources, log: TrustLog, now: () => number): NodeJS.Timeout {
  const detail = new Map<string, number>();
  const look = (): void => {
    const at = now();
    for (const { source, list } of sources.current.all) {
      const { nextUpdate, thisUpdate } = list;
      if (nextUpdate === undefined || nextUpdate - at > (nextUpdate - thisUpdate) / 4) continue;
      const key = `${source} ${nextUpdate} ${nextUpdate <= at}`;
      if ((detail.get(key) ?? 0) > at - SAY_AGAIN_MS) continue;
      detail.set(key, at);
      log.ending(source, formatName(list.issuer), nextUpdate, nextUpdate <= at);
    }
    for (const [key, time] of detail) if (time < at - 2 * SAY_AGAIN_MS) detail.delete(key);
  };
  look();
  return setInterval(look, LOOK_FOR_ENDINGS_MS).unref();
}
