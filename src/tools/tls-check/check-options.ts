import type { ClientSide } from './connect.ts';
import type { ConnectFields } from './mqtt-packets.ts';
import type { Target } from './target.ts';

/** What is connected to, and as whom. */
export interface CheckOptions extends ConnectFields {
  readonly target: Target;
  /** Name that the server's certificate must be for; the host otherwise. */
  readonly servername?: string | undefined;
  readonly client: ClientSide;
  /** DER of the client's certificates, leaf first; what `client.cert` holds. */
  readonly ownCertificates: readonly Buffer[];
  /** With wss: the path of the upgrade. */
  readonly path?: string | undefined;
  /** For each step: connecting, handshake, upgrade, CONNACK. */
  readonly stepMs: number;
}
