import { isThingPassError, ThingPassError } from '../../model/errors.ts';
import { type CallLimits, callOut, type OutgoingConnections } from '../../util/outgoing-call.ts';
import { endAtEmqx } from './emqx.ts';
import { endAtRabbitmq } from './rabbitmq.ts';
import type { CallBroker, EndSessions, SessionBroker, SessionEnd, SessionKeys } from './session-end.ts';
import type { BrokerApi, EndSessionsConfig } from './session-settings.ts';
import { endAtVernemq } from './vernemq.ts';

/** Timeout of all calls to one broker for one device. A person waits for the result. */
const DEFAULT_TIMEOUT_MS = 6_000;
const LIMITS: Omit<CallLimits, 'totalMs'> = {
  tries: 3,
  tryMs: 2_000,
  pauseMs: 200,
  maxBytes: 8 * 1024 * 1024,
};

export interface EndSessionsOptions {
  readonly config: EndSessionsConfig;
  /** VerneMQ gives each device a separate mount point. */
  readonly vernemqPerDeviceMountpoint: boolean;
  readonly connections: OutgoingConnections;
  readonly timeoutMs?: number | undefined;
}

/**
 * Ends a device's sessions at every configured broker, at all brokers in parallel.
 * @returns the results. Never throws: the credentials are already gone, and brokers may be down.
 */
export async function endSessions(keys: SessionKeys, parts: EndSessionsOptions): Promise<SessionEnd[]> {
  const { config, connections, vernemqPerDeviceMountpoint, timeoutMs = DEFAULT_TIMEOUT_MS } = parts;
  const endersByBroker: Readonly<Record<SessionBroker, EndSessions>> = {
    emqx: endAtEmqx,
    rabbitmq: endAtRabbitmq,
    vernemq: endAtVernemq(vernemqPerDeviceMountpoint),
  };
  const stopping = AbortSignal.timeout(timeoutMs);
  const ends = await Promise.all(
    (Object.entries(config) as [SessionBroker, BrokerApi][]).map(async ([broker, api]) => {
      const findsByDevice = broker === 'vernemq' && vernemqPerDeviceMountpoint;
      try {
        const results = await endersByBroker[broker](
          keys,
          brokerCaller(api, connections, stopping, timeoutMs),
        );
        if (results.some(({ result }) => result !== 'failed')) return results;
        const noKey = keys.clientIds.length === 0 && !findsByDevice;
        const byName = keys.usernames.length > 0 && broker !== 'vernemq';
        const none: SessionEnd['result'] = noKey && !byName ? 'unknown' : 'not_connected';
        return results.some(({ clientId }) => clientId !== undefined)
          ? results
          : [...results, { broker, result: none }];
      } catch (error) {
        const detail = isThingPassError(error, 'call_failed')
          ? error.message
          : 'the broker’s answer cannot be understood';
        return [{ broker, result: 'failed', detail } as const];
      }
    }),
  );
  return ends.flat();
}

function brokerCaller(
  { url, key }: BrokerApi,
  connections: OutgoingConnections,
  stopping: AbortSignal,
  totalMs: number,
): CallBroker {
  const authorization = `Basic ${Buffer.from(key, 'utf8').toString('base64')}`;
  return async ({ method, path, headers }) => {
    if (stopping.aborted) throw new ThingPassError('call_failed', 'the time limit was reached');
    const call = { method, url: `${url}${path}`, headers: { ...headers, authorization } };
    const result = await callOut(connections, call, { ...LIMITS, totalMs }, stopping);
    if ('failure' in result) throw new ThingPassError('call_failed', result.failure);
    return result;
  };
}
