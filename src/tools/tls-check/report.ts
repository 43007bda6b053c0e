import type { CertificateReport } from '../../engine/certificates/examine/examine.ts';
import type { Problem } from '../../engine/certificates/examine/problem.ts';
import type { Alert } from './alerts.ts';
import type { VersionSeen } from './versions.ts';

/** How far a connection came. */
export type Stage = 'network' | 'tls' | 'upgrade' | 'mqtt' | 'connected';

/** What came of connecting as an MQTT client would. Plain data, for people and for scripts. */
export interface TlsReport {
  readonly target: string;
  /** Where it ended; `connected` is CONNACK 0. */
  readonly stage: Stage;
  /** Which side refused; `network` where none could. */
  readonly refusedBy: 'server' | 'client' | 'network' | undefined;
  /** One sentence; what to do stands in it. */
  readonly why: string;
  readonly versions: readonly VersionSeen[];
  readonly negotiated: { readonly version: string; readonly cipher: string } | undefined;
  /** The server's certificates in the order in which it sent them. */
  readonly serverChain: readonly CertificateReport[];
  readonly clientCertificate: ClientCertificateReport | undefined;
  readonly alert: Alert | undefined;
  /** With wss: what the upgrade was answered with. */
  readonly upgrade:
    | { readonly status: number | undefined; readonly subprotocol: string | undefined }
    | undefined;
  readonly connack: { readonly code: number; readonly meaning: string } | undefined;
  /** What else is worth knowing. */
  readonly problems: readonly Problem[];
}

/** Undefined as a whole where the handshake did not come so far that it could be known. */
export interface ClientCertificateReport {
  readonly requested: boolean;
  /** Undefined where none was requested. */
  readonly sent: boolean | undefined;
  readonly acceptableAuthorities: readonly string[];
  readonly signatureAlgorithms: readonly string[];
}
