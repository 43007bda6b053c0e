import type { ClientSide } from './connect.ts';
import type { ConnectFields } from './mqtt-packets.ts';
import type { Target } from './target.ts';

/** The target and the client's identity. */
export interface CheckOptions extends ConnectFields {
  readonly target: Target;
  /** Name that the server's certificate must be valid for. Default: the host. */
  readonly servername?: string | undefined;
  readonly client: ClientSide;
  /** DER of the certificates in `client.cert`, leaf first. */
  readonly ownCertificates: readonly Buffer[];
  /** For wss: the path of the upgrade. */
  readonly path?: string | undefined;
  /** Timeout of each step (connecting, handshake, upgrade, CONNACK), in milliseconds. */
  readonly stepMs: number;
}
