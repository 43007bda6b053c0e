import type { SecureVersion } from 'node:tls';
import { alertIn, alertOf } from './alerts.ts';
import { type ClientSide, connectSocket, performHandshake } from './connect.ts';
import type { Target } from './target.ts';

/** Whether the server speaks one version of TLS. */
export interface VersionProbe {
  readonly version: SecureVersion;
  readonly spoken: boolean;
  /** If it is not: the alert, error or other reason. */
  readonly detail?: string | undefined;
}

const VERSIONS: readonly SecureVersion[] = ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'];

/**
 * Tries each version in a separate connection. A version counts as spoken if the server answers with a ServerHello,
 * even if it rejects the client's certificate later. Old versions need OpenSSL's security level 0 on this side.
 */
export function probeVersions(
  target: Target,
  servername: string,
  client: ClientSide,
  milliseconds: number,
): Promise<VersionProbe[]> {
  return Promise.all(
    VERSIONS.map(async (version): Promise<VersionProbe> => {
      const socket = await connectSocket(target, milliseconds);
      if (socket instanceof Error) return { version, spoken: false, detail: socket.code };
      const isOld = version === 'TLSv1' || version === 'TLSv1.1';
      const handshake = await performHandshake(socket, {
        servername,
        client,
        milliseconds,
        minVersion: version,
        maxVersion: version,
        ...(isOld ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
      });
      const { serverHello, alert } = handshake.observations();
      handshake.socket?.destroy();
      if (serverHello && handshake.error?.code !== 'ERR_SSL_UNSUPPORTED_PROTOCOL')
        return { version, spoken: true };
      const known = alertIn(handshake.error) ?? (alert === undefined ? undefined : alertOf(alert));
      return { version, spoken: false, detail: known?.name ?? (handshake.timedOut ? 'no answer' : 'closed') };
    }),
  );
}
