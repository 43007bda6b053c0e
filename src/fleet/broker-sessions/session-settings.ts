import type { EmqxApi } from './emqx-api.ts';
import { SESSION_BROKERS, type SessionBroker } from './session-end.ts';

/** A broker's management API. */
export interface BrokerApi {
  /** Without a trailing slash. */
  readonly url: string;
  /** The credentials of HTTP Basic authentication: user name, colon, password. */
  readonly key: string;
}

/** The brokers at which sessions end when their credentials are removed. */
export type EndSessionsConfig = Readonly<Partial<Record<SessionBroker, BrokerApi>>>;

/**
 * Reads the settings of the brokers in `THINGPASS_END_SESSIONS`.
 * @param text returns a setting by name.
 * @param brokers the parts of `THINGPASS_END_SESSIONS`.
 * @param emqxApi EMQX's API, if it is configured.
 * @param problems receives one sentence for each problem, without the key.
 */
export function readEndSessionsConfig(
  text: (name: string) => string,
  brokers: readonly string[],
  emqxApi: EmqxApi | undefined,
  problems: string[],
): EndSessionsConfig {
  const config: Partial<Record<SessionBroker, BrokerApi>> = {};
  for (const broker of SESSION_BROKERS.filter((one) => brokers.includes(one))) {
    const api = broker === 'emqx' ? emqxApi : readBrokerApi(broker, text, problems);
    if (api !== undefined) config[broker] = api;
    else if (broker === 'emqx')
      problems.push('THINGPASS_END_SESSIONS contains emqx, so THINGPASS_EMQX_API_URL must be set');
  }
  return Object.freeze(config);
}

function readBrokerApi(
  broker: 'rabbitmq' | 'vernemq',
  text: (name: string) => string,
  problems: string[],
): BrokerApi | undefined {
  const name = `THINGPASS_${broker.toUpperCase()}_API`;
  const url = text(`${name}_URL`);
  const key = text(`${name}_KEY`);
  const before = problems.length;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.search)
    problems.push(
      `THINGPASS_END_SESSIONS contains ${broker}, so ${name}_URL must be set to an http or https URL without user name and query`,
    );
  if (broker === 'rabbitmq' && !/^[^:]+:.+$/s.test(key))
    problems.push(`${name}_KEY must have the form user:password`);
  if (broker === 'vernemq' && (key === '' || key.includes(':')))
    problems.push(`${name}_KEY must be set and must not contain a colon`);
  // VerneMQ takes the key as user name.
  return problems.length > before
    ? undefined
    : { url: url.replace(/\/+$/, ''), key: broker === 'vernemq' ? `${key}:` : key };
}
