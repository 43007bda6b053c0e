import { readStoredBasic } from '../../engine/credentials/stored-basic.ts';
import type { Actor, AuditNote } from '../../model/audit.ts';
import type { CredentialsEntry } from '../../model/device.ts';
import type { OutgoingConnections } from '../../util/outgoing-call.ts';
import { endSessions } from './end-sessions.ts';
import type { SessionEnd, SessionNames } from './session-end.ts';
import type { EndSessionsConfig } from './session-settings.ts';

/** Whose sessions end, and with which credentials they were opened. */
export interface Ended {
  readonly deviceId: string;
  readonly credentials: readonly CredentialsEntry[];
}

export interface DeviceSessionsParts {
  readonly config: EndSessionsConfig;
  readonly vernemqMountsApart: boolean;
  readonly connections: OutgoingConnections;
  /** Under which client ids a device was let in lately; may fail. */
  readonly recent: (deviceId: string) => Promise<readonly { readonly clientId: string }[]>;
  readonly audit: (actor: Actor, note: AuditNote) => Promise<void>;
  /** Told of what goes wrong beside the brokers, none of which keeps sessions from ending. */
  readonly onError: (error: unknown) => void;
}

/** The sessions of devices at brokers, which last although what they rest on has ended. */
export class DeviceSessions {
  readonly #parts: DeviceSessionsParts;

  constructor(parts: DeviceSessionsParts) {
    this.#parts = parts;
  }

  /**
   * Ends the sessions of a device, after what they rest on has ended, and writes down what became of them.
   * @returns `undefined` where no broker is set up for it. Never throws, and takes seconds at the most.
   */
  async end({ deviceId, credentials }: Ended, actor: Actor): Promise<SessionEnd[] | undefined> {
    const { config, vernemqMountsApart, connections, recent, audit, onError } = this.#parts;
    if (Object.keys(config).length === 0) return undefined;
    let seen: readonly { readonly clientId: string }[] = [];
    try {
      seen = await recent(deviceId);
    } catch (error) {
      onError(error);
    }
    const names = sessionNames(deviceId, credentials, seen);
    const ends = await endSessions(names, { config, vernemqMountsApart, connections });
    // Without client ids: some devices prove themselves by nothing else.
    const counts = new Map<string, number>();
    for (const { broker, result } of ends)
      counts.set(`${broker} ${result}`, (counts.get(`${broker} ${result}`) ?? 0) + 1);
    const results = [...counts].map(([what, count]) => `${what}: ${count}`);
    try {
      await audit(actor, {
        action: 'device.sessions_ended',
        subjectType: 'device',
        subjectId: deviceId,
        detail: { results },
      });
    } catch (error) {
      onError(error);
    }
    return ends;
  }
}

/** By what brokers know the sessions that were opened with these credentials. */
export function sessionNames(
  deviceId: string,
  credentials: readonly CredentialsEntry[],
  recent: readonly { readonly clientId: string }[],
): SessionNames {
  const usernames = new Set<string>();
  const clientIds = new Map<string, string | undefined>(recent.map(({ clientId }) => [clientId, undefined]));
  for (const { credentialsType, credentialsId, credentialsValue } of credentials) {
    if (credentialsType === 'ACCESS_TOKEN') usernames.add(credentialsId);
    if (credentialsType !== 'MQTT_BASIC') continue;
    const { clientId, userName } = readStoredBasic(credentialsValue) ?? {};
    if (clientId) clientIds.set(clientId, userName || undefined);
    // With a client id beside it, the user name may be another device's too.
    else if (userName) usernames.add(userName);
  }
  return {
    deviceId,
    usernames: [...usernames],
    clientIds: [...clientIds].map(([clientId, username]) => ({ clientId, username })),
  };
}
