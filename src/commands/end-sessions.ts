import type { SessionOwner } from '../fleet/broker-sessions/device-sessions.ts';
import { SESSION_BROKERS, type SessionEnd } from '../fleet/broker-sessions/session-end.ts';
import { withDatabase } from '../storage/connections/prisma.ts';
import { AuditRepository } from '../storage/repositories/audit-repository.ts';
import { commandActor, loadConfig } from './shared/command.ts';
import { askRunningServer } from './shared/running-server.ts';

/**
 * Ends the sessions of a device at the brokers that are set up for it. The running server, where `THINGPASS_API_KEY` lets it be
 * asked, knows the client ids under which the device was let in; without it there are those that its credentials say.
 * @returns `undefined` where no broker is set up.
 */
export async function endSessionsOf(ended: SessionOwner): Promise<SessionEnd[] | undefined> {
  const { endSessions, brokers, database, apiKey } = loadConfig();
  if (SESSION_BROKERS.every((broker) => endSessions[broker] === undefined)) return undefined;
  // Most installations never need these, and they take as long to load as a command takes.
  const [{ DeviceSessions }, { OutgoingConnections }] = await Promise.all([
    import('../fleet/broker-sessions/device-sessions.ts'),
    import('../util/outgoing-call.ts'),
  ]);
  const connections = new OutgoingConnections();
  try {
    return await withDatabase(database, (prisma) => {
      const sessions = new DeviceSessions({
        config: endSessions,
        connections,
        vernemqPerDeviceMountpoint: brokers.vernemq.perDeviceMountpoint,
        recent: async (device) => (apiKey === undefined ? [] : (await askRecent(device)).items),
        audit: (actor, note) => new AuditRepository(prisma).record(actor, note),
        onError: (error) => process.stderr.write(`${(error as Error).message}\n`),
      });
      return sessions.end(ended, commandActor());
    });
  } finally {
    await connections.destroy();
  }
}

function askRecent(device: string) {
  const path = `/sessions?device=${encodeURIComponent(device)}`;
  return askRunningServer<{ readonly items: readonly { readonly clientId: string }[] }>(
    undefined,
    'GET',
    path,
  );
}

/** Text with one line for each. */
export function sessionLines(ends: readonly SessionEnd[] | undefined): string[] {
  return (ends ?? []).map(({ broker, clientId, result, detail }) => {
    const session = clientId === undefined ? `sessions at ${broker}` : `session ${clientId} at ${broker}`;
    return `${session}: ${WORDS[result]}${detail === undefined ? '' : ` (${detail})`}`;
  });
}

const WORDS: Readonly<Record<SessionEnd['result'], string>> = {
  ended: 'ended',
  not_connected: 'not connected',
  unknown: 'unknown, no client id or user name of the device is known',
  failed: 'not ended',
};
