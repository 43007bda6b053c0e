import type { EmqxApi } from './emqx-api.ts';
import { ENDING_BROKERS, type EndingBroker } from './session-end.ts';

/** A broker's management API. */
export interface BrokerApi {
  /** Without a slash at its end. */
  readonly url: string;
  /** What HTTP's Basic authentication takes: user name, colon, password. */
  readonly key: string;
}

/** The brokers at which sessions end with what they rest on. */
export type EndSessionsConfig = Readonly<Partial<Record<EndingBroker, BrokerApi>>>;

/**
 * @param text gives a setting by name. @param brokers those of `THINGPASS_END_SESSIONS`. @param emqxApi as it was read already.
 * @param problems takes one sentence for each setting that cannot be, without the key.
 */
export function readEndSessionsConfig(
  text: (name: string) => string,
  brokers: readonly string[],
  emqxApi: EmqxApi | undefined,
  problems: string[],
): EndSessionsConfig {
  const config: Partial<Record<EndingBroker, BrokerApi>> = {};
  for (const broker of ENDING_BROKERS.filter((one) => brokers.includes(one))) {
    const api = broker === 'emqx' ? emqxApi : readBrokerApi(broker, text, problems);
    if (api !== undefined) config[broker] = api;
    else if (broker === 'emqx')
      problems.push('THINGPASS_END_SESSIONS names emqx, which needs THINGPASS_EMQX_API_URL');
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
      `THINGPASS_END_SESSIONS names ${broker}, which needs ${name}_URL, an http or https URL without user name and query`,
    );
  if (broker === 'rabbitmq' && !/^[^:]+:.+$/s.test(key)) problems.push(`${name}_KEY is not user:password`);
  if (broker === 'vernemq' && (key === '' || key.includes(':')))
    problems.push(`${name}_KEY is not set, or has a colon`);
  // VerneMQ's key is the user name.
  return problems.length > before
    ? undefined
    : { url: url.replace(/\/+$/, ''), key: broker === 'vernemq' ? `${key}:` : key };
}
