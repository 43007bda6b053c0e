import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import type { BrokerSettings } from '../brokers/dialect.ts';
import { readFormSettings, readNetworks } from '../engine/certificates/certificate-settings.ts';
import type { FormSettings } from '../engine/certificates/forms/form.ts';
import { readTrustConfig, type TrustConfig } from '../engine/certificates/trust/trust-settings.ts';
import { type EmqxApi, readEmqxApi } from '../fleet/broker-sessions/emqx-api.ts';
import { type EndSessionsConfig, readEndSessionsConfig } from '../fleet/broker-sessions/session-settings.ts';
import {
  type CredentialLifecycleConfig,
  readCredentialLifecycleConfig,
} from '../fleet/devices/device-settings.ts';
import { type ExpiryConfig, readExpiryConfig } from '../fleet/devices/expiry/expiry-settings.ts';
import { configInvalid } from '../model/errors.ts';
import { BROKER_NAMES, type BrokerName } from '../model/question.ts';
import { readStorageConfig, type StorageConfig } from '../storage/connections/storage-settings.ts';
import { readCertificateSettings } from './broker-certificates.ts';
import { type DecisionLogConfig, readDecisionLogConfig } from './decision-log-settings.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { readThrottleConfig, type ThrottleConfig } from './throttle-settings.ts';

/** Everything an operator can set, validated, in the types the code works with. Frozen: nobody changes it later. */
export interface Config extends StorageConfig {
  readonly host: string;
  readonly port: number;
  /** Processes that decide; with 1 there is no other. */
  readonly workers: number;
  readonly logLevel: string;
  readonly brokers: Readonly<Record<BrokerName, BrokerConfig>>;
  readonly skipCertificateDates: boolean;
  readonly trust: TrustConfig;
  readonly throttle: ThrottleConfig;
  readonly shedding: SheddingLimits;
  /** Open at the same time, of each process. */
  readonly mostConnections: number;
  /** With which commands ask a running server. */
  readonly apiKey: string | undefined;
  /** Where messages are published at EMQX. */
  readonly emqxApi: EmqxApi | undefined;
  readonly credentialLifecycle: CredentialLifecycleConfig;
  readonly expiry: ExpiryConfig;
  readonly decisionLog: DecisionLogConfig;
  readonly endSessions: EndSessionsConfig;
  /** Path of the file with topic rules. */
  readonly rulesFile: string | undefined;
}

export interface BrokerConfig extends BrokerSettings {
  /** Any of these proves a caller to be the broker; none means: serve on loopback only. */
  readonly secrets: readonly string[];
  /** What the operator says about the forms of certificates in headers, by form. */
  readonly formSettings: ReadonlyMap<string, FormSettings>;
}

/** Of what brokers prove themselves with, in characters. */
export const SHORTEST_SECRET = 16;

/**
 * Reads the configuration out of environment variables (prefix `THINGPASS_`, and `DATABASE_URL`).
 * @throws {ThingPassError} `config_invalid` naming every problem at once: unknown names with the nearest known one, bad values, secrets that
 * are missing where the server can be reached from outside.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  refuseUnknownNames(environment, problems);
  const texts = new Map(SETTINGS.map((setting) => [setting.name, readText(setting, environment, problems)]));
  const text = (name: string): string => texts.get(name) as string;
  const list = (name: string): string[] => splitList(text(name));

  const forms = certificateForms(list('THINGPASS_CERTIFICATE_FORMS'), problems);
  const formSettings = readFormSettings(
    list('THINGPASS_CERTIFICATE_HEADERS'),
    Number(text('THINGPASS_XFCC_HOPS')),
    problems,
  );
  const isProxy = readNetworks('THINGPASS_PROXIES', list('THINGPASS_PROXIES'), problems);
  const certificatesOf = readCertificateSettings(
    {
      only: list('THINGPASS_CERTIFICATE_ONLY_LISTENERS'),
      unchecked: list('THINGPASS_UNCHECKED_CERTIFICATES'),
      names: list('THINGPASS_CERTIFICATE_NAMES'),
      forms: (broker) => forms.get(broker) ?? new Set(),
    },
    problems,
  );
  const brokers = Object.fromEntries(
    BROKER_NAMES.map((broker): [BrokerName, BrokerConfig] => [
      broker,
      Object.freeze({
        secrets: secretsOf(broker, text, problems),
        noOpinionOnUnknown: list('THINGPASS_NO_OPINION_BROKERS').includes(broker),
        perDeviceMountpoint: list('THINGPASS_MOUNTED_BROKERS').includes(broker),
        provisionSessions: list('THINGPASS_PROVISION_BROKERS').includes(broker),
        certificateForms: forms.get(broker) ?? new Set<string>(),
        formSettings,
        isProxy,
        ...certificatesOf(broker),
      }),
    ]),
  ) as Record<BrokerName, BrokerConfig>;

  const workers = readWorkers(text('THINGPASS_WORKERS'), problems);
  const storage = readStorageConfig(text, problems);
  const budgetMs = Number(text('THINGPASS_DECISION_BUDGET_MS'));
  const trust = readTrustConfig(text, list, budgetMs, problems);
  const throttle = readThrottleConfig(text, list, problems);
  const emqxApi = readEmqxApi(text('THINGPASS_EMQX_API_URL'), text('THINGPASS_EMQX_API_KEY'), problems);
  const expiry = readExpiryConfig(text, problems);
  const endSessions = readEndSessionsConfig(text, list('THINGPASS_END_SESSIONS'), emqxApi, problems);
  for (const broker of BROKER_NAMES) {
    if (brokers[broker].certificateForms.size > 0 && brokers[broker].secrets.length === 0) {
      problems.push(
        `THINGPASS_CERTIFICATE_FORMS names ${broker}, which has no secret: anyone could present a certificate`,
      );
    }
  }
  if (problems.length > 0 || storage === undefined) throw configInvalid(problems);
  return Object.freeze({
    ...storage,
    host: text('THINGPASS_HOST'),
    port: Number(text('THINGPASS_PORT')),
    workers,
    logLevel: text('THINGPASS_LOG_LEVEL'),
    brokers: Object.freeze(brokers),
    skipCertificateDates: text('THINGPASS_SKIP_CERTIFICATE_DATES') === 'true',
    trust,
    throttle,
    shedding: {
      mostInFlight: Number(text('THINGPASS_MOST_IN_FLIGHT')),
      longestLagMs: Number(text('THINGPASS_LONGEST_LAG_MS')),
    },
    mostConnections: Number(text('THINGPASS_MOST_CONNECTIONS')),
    apiKey: text('THINGPASS_API_KEY') || undefined,
    emqxApi,
    credentialLifecycle: readCredentialLifecycleConfig(text),
    expiry,
    decisionLog: readDecisionLogConfig(text),
    endSessions,
    rulesFile: text('THINGPASS_RULES_FILE') || undefined,
  });
}

/** Whether a listening address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

const MOST_WORKERS = 64;

function readWorkers(text: string, problems: string[]): number {
  const workers = text === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : Number(text);
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS)
    problems.push(`THINGPASS_WORKERS must be auto or a whole number from 1 to ${MOST_WORKERS}`);
  return workers;
}

/**
 * The settings as they are now, secrets out of their files included: what reads them later reads the same, whatever became of
 * the files meanwhile.
 */
export function settledEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(SETTINGS.map((setting) => [setting.name, readText(setting, environment, [])]));
}

function refuseUnknownNames(
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): void {
  const known = new Set(
    SETTINGS.flatMap(({ name, kind }) => (kind === 'secret' ? [name, `${name}_FILE`] : [name])),
  );
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('THINGPASS_') || known.has(name)) continue;
    problems.push(`${name} is not a setting; did you mean ${nearest(name, known)}?`);
  }
}

function readText(
  setting: Setting,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): string {
  const { name, kind } = setting;
  const given = environment[name];
  const file = kind === 'secret' ? environment[`${name}_FILE`] : undefined;
  if (file !== undefined && file !== '') {
    if (given !== undefined && given !== '') problems.push(`${name} and ${name}_FILE are both set; set one`);
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (error) {
      problems.push(`${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`);
      return setting.default;
    }
  }
  if (given === undefined || given === '') return setting.default;
  const problem = problemWith(setting, given);
  if (problem === undefined) return given;
  problems.push(`${name} ${problem}`);
  return setting.default;
}

function problemWith({ kind, choices, between }: Setting, text: string): string | undefined {
  switch (kind) {
    case 'integer': {
      const [least, most] = between ?? [0, Number.MAX_SAFE_INTEGER];
      const value = Number(text);
      if (/^\d+$/.test(text) && value >= least && value <= most) return undefined;
      return `must be a whole number from ${least} to ${most}`;
    }
    case 'flag':
      return text === 'true' || text === 'false' ? undefined : 'must be true or false';
    case 'choice':
      return choices?.includes(text) ? undefined : `must be one of ${choices?.join(', ')}`;
    case 'list': {
      const foreign = choices && splitList(text).filter((part) => !choices.includes(part));
      return foreign?.length ? `names ${foreign.join(', ')}; it may name ${choices?.join(', ')}` : undefined;
    }
    default:
      return undefined;
  }
}

function secretsOf(broker: BrokerName, text: (name: string) => string, problems: string[]): string[] {
  const own = `THINGPASS_SECRET_${broker.toUpperCase()}`;
  const name = text(own) === '' ? 'THINGPASS_SECRET' : own;
  const secrets = text(name)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const tooShort = `${name} is shorter than ${SHORTEST_SECRET} characters`;
  if (secrets.some((secret) => secret.length < SHORTEST_SECRET) && !problems.includes(tooShort))
    problems.push(tooShort);
  return secrets;
}

function certificateForms(
  parts: readonly string[],
  problems: string[],
): Map<BrokerName, ReadonlySet<string>> {
  const forms = new Map<BrokerName, Set<string>>();
  for (const part of parts) {
    const [broker, form] = part.split(':') as [BrokerName, string | undefined];
    if (!BROKER_NAMES.includes(broker) || !form) {
      problems.push(`THINGPASS_CERTIFICATE_FORMS: "${part}" is not broker:form`);
    } else {
      forms.set(broker, (forms.get(broker) ?? new Set()).add(form));
    }
  }
  return forms;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function nearest(name: string, known: ReadonlySet<string>): string {
  return [...known].reduce((best, one) => (distance(name, one) < distance(name, best) ? one : best));
}

/** Levenshtein's distance: how many letters must be put in, taken out or exchanged. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const exchanged = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}

/** When a process has so much to do that more would make everything late. */
export interface SheddingLimits {
  /** Decisions under way at the same time. */
  readonly mostInFlight: number;
  /** Lateness of the event loop in milliseconds. */
  readonly longestLagMs: number;
}
