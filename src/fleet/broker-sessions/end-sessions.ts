import { CallFailed, type CallLimits, callOut, type OutgoingConnections } from '../../util/outgoing-call.ts';
import { endAtEmqx } from './emqx.ts';
import { endAtRabbitmq } from './rabbitmq.ts';
import type { AskBroker, EndingBroker, EndSessions, SessionEnd, SessionNames } from './session-end.ts';
import type { BrokerApi, EndSessionsConfig } from './session-settings.ts';
import { endAtVernemq } from './vernemq.ts';

/** For all that one broker is asked about one device: somebody waits for the result. */
const LONGEST_MS = 6_000;
const BOUNDS: Omit<CallLimits, 'totalMs'> = {
  tries: 3,
  tryMs: 2_000,
  pauseMs: 200,
  maxBytes: 8 * 1024 * 1024,
};

export interface SessionEnderParts {
  readonly config: EndSessionsConfig;
  /** VerneMQ gives each device a mount point of its own. */
  readonly vernemqMountsApart: boolean;
  readonly connections: OutgoingConnections;
  readonly longestMs?: number | undefined;
}

/**
 * Ends the sessions of a device at every broker that is set up for it, all brokers at once, within seconds.
 * @returns what became of them, and never throws: what they rested on has ended already, and brokers may be away.
 */
export async function endSessions(names: SessionNames, parts: SessionEnderParts): Promise<SessionEnd[]> {
  const { config, connections, vernemqMountsApart, longestMs = LONGEST_MS } = parts;
  const ways: Readonly<Record<EndingBroker, EndSessions>> = {
    emqx: endAtEmqx,
    rabbitmq: endAtRabbitmq,
    vernemq: endAtVernemq(vernemqMountsApart),
  };
  const stopping = AbortSignal.timeout(longestMs);
  const ends = await Promise.all(
    (Object.entries(config) as [EndingBroker, BrokerApi][]).map(async ([broker, api]) => {
      const findsByDevice = broker === 'vernemq' && vernemqMountsApart;
      try {
        const results = await ways[broker](names, askerOf(api, connections, stopping, longestMs));
        if (results.some(({ result }) => result !== 'failed')) return results;
        const blind = names.clientIds.length === 0 && !findsByDevice;
        const byName = names.usernames.length > 0 && broker !== 'vernemq';
        const none: SessionEnd['result'] = blind && !byName ? 'unknown' : 'not_connected';
        return results.some(({ clientId }) => clientId !== undefined)
          ? results
          : [...results, { broker, result: none }];
      } catch (error) {
        const detail = error instanceof CallFailed ? error.message : 'its answer cannot be understood';
        return [{ broker, result: 'failed', detail } as const];
      }
    }),
  );
  return ends.flat();
}

function askerOf(
  { url, key }: BrokerApi,
  connections: OutgoingConnections,
  stopping: AbortSignal,
  totalMs: number,
): AskBroker {
  const authorization = `Basic ${Buffer.from(key, 'utf8').toString('base64')}`;
  return ({ method, path, headers }) => {
    if (stopping.aborted) throw new CallFailed('there was no time left');
    const call = { method, url: `${url}${path}`, headers: { ...headers, authorization } };
    return callOut(connections, call, { ...BOUNDS, totalMs }, stopping);
  };
}
