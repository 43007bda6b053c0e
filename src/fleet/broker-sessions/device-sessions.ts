import { readStoredBasic } from '../../engine/credentials/stored/stored-basic.ts';
import type { Actor, AuditNote } from '../../model/audit.ts';
import type { CredentialsEntry } from '../../model/device.ts';
import type { OutgoingConnections } from '../../util/outgoing-call.ts';
import { endSessions } from './end-sessions.ts';
import type { SessionEnd, SessionKeys } from './session-end.ts';
import type { EndSessionsConfig } from './session-settings.ts';

/** The device whose sessions end, and the credentials with which they were opened. */
export interface SessionOwner {
  readonly deviceId: string;
  readonly credentials: readonly CredentialsEntry[];
}

export interface DeviceSessionsParts {
  readonly config: EndSessionsConfig;
  readonly vernemqPerDeviceMountpoint: boolean;
  readonly connections: OutgoingConnections;
  /** Returns the client ids with which the device was admitted recently. May fail. */
  readonly recent: (deviceId: string) => Promise<readonly { readonly clientId: string }[]>;
  readonly audit: (actor: Actor, note: AuditNote) => Promise<void>;
  /** Receives errors of the database, which do not keep sessions from ending. */
  readonly onError: (error: unknown) => void;
}

/** Ends sessions at brokers: they outlast the credentials with which they were opened. */
export class DeviceSessions {
  readonly #parts: DeviceSessionsParts;

  constructor(parts: DeviceSessionsParts) {
    this.#parts = parts;
  }

  /**
   * Ends a device's sessions after its credentials were removed or denied, and records the results in the audit
   * trail. Never throws; takes a few seconds at most.
   * @returns the results; `undefined` if no broker is configured.
   */
  async end({ deviceId, credentials }: SessionOwner, actor: Actor): Promise<SessionEnd[] | undefined> {
    const { config, vernemqPerDeviceMountpoint, connections, recent, audit, onError } = this.#parts;
    if (Object.keys(config).length === 0) return undefined;
    let seen: readonly { readonly clientId: string }[] = [];
    try {
      seen = await recent(deviceId);
    } catch (error) {
      onError(error);
    }
    const keys = sessionKeys(deviceId, credentials, seen);
    const ends = await endSessions(keys, { config, vernemqPerDeviceMountpoint, connections });
    // The audit trail gets counts without client ids, because some devices authenticate by client id only.
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

/** The keys by which brokers can find the sessions opened with these credentials. */
function sessionKeys(
  deviceId: string,
  credentials: readonly CredentialsEntry[],
  recent: readonly { readonly clientId: string }[],
): SessionKeys {
  const usernames = new Set<string>();
  const clientIds = new Map<string, string | undefined>(recent.map(({ clientId }) => [clientId, undefined]));
  for (const { credentialsType, credentialsId, credentialsValue } of credentials) {
    if (credentialsType === 'ACCESS_TOKEN') usernames.add(credentialsId);
    if (credentialsType !== 'MQTT_BASIC') continue;
    const { clientId, userName } = readStoredBasic(credentialsValue) ?? {};
    if (clientId) clientIds.set(clientId, userName || undefined);
    // If the credentials have a client id too, other devices may use the same user name.
    else if (userName) usernames.add(userName);
  }
  return {
    deviceId,
    usernames: [...usernames],
    clientIds: [...clientIds].map(([clientId, username]) => ({ clientId, username })),
  };
}
