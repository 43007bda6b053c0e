import type { SecureVersion } from 'node:tls';
import { alertIn, alertOf } from './alerts.ts';
import { type ClientSide, connectSocket, shakeHands } from './connect.ts';
import type { Target } from './target.ts';

/** Whether the server speaks one version of TLS. */
export interface VersionSeen {
  readonly version: SecureVersion;
  readonly spoken: boolean;
  /** Where it is not: how that was said. */
  readonly detail?: string | undefined;
}

const VERSIONS: readonly SecureVersion[] = ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'];

/**
 * Asks for each version by itself. A version is spoken where the server answers it with a ServerHello, whatever comes of the
 * client's certificate afterwards. The old ones need OpenSSL's security level 0 on our side.
 */
export function askVersions(
  target: Target,
  servername: string,
  client: ClientSide,
  milliseconds: number,
): Promise<VersionSeen[]> {
  return Promise.all(
    VERSIONS.map(async (version): Promise<VersionSeen> => {
      const socket = await connectSocket(target, milliseconds);
      if (socket instanceof Error) return { version, spoken: false, detail: socket.code };
      const isOld = version === 'TLSv1' || version === 'TLSv1.1';
      const handshake = await shakeHands(socket, {
        servername,
        client,
        milliseconds,
        minVersion: version,
        maxVersion: version,
        ...(isOld ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
      });
      const { serverHello, alert } = handshake.seen();
      handshake.socket?.destroy();
      if (serverHello && handshake.error?.code !== 'ERR_SSL_UNSUPPORTED_PROTOCOL')
        return { version, spoken: true };
      const known = alertIn(handshake.error) ?? (alert === undefined ? undefined : alertOf(alert));
      return { version, spoken: false, detail: known?.name ?? (handshake.timedOut ? 'no answer' : 'closed') };
    }),
  );
}
