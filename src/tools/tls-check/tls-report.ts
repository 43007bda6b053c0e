import type { CertificateReport } from '../../engine/certificates/examine/examine.ts';
import type { Problem } from '../../engine/certificates/examine/found-problem.ts';
import type { Alert } from './alerts.ts';
import type { VersionProbe } from './versions.ts';

/** How far a connection got. */
type Stage = 'network' | 'tls' | 'upgrade' | 'mqtt' | 'connected';

/** The result of connecting as an MQTT client would. Plain data: it is printed as text or JSON. */
export interface TlsReport {
  readonly target: string;
  /** The last stage reached; `connected` means CONNACK 0. */
  readonly stage: Stage;
  /** Which side refused; `network` if there was no connection. */
  readonly refusedBy: 'server' | 'client' | 'network' | undefined;
  /** One sentence that says what happened and what to do. */
  readonly why: string;
  readonly versions: readonly VersionProbe[];
  readonly negotiated: { readonly version: string; readonly cipher: string } | undefined;
  /** The server's certificates, in the order sent. */
  readonly serverChain: readonly CertificateReport[];
  readonly clientCertificate: ClientCertificateReport | undefined;
  readonly alert: Alert | undefined;
  /** For wss: the answer to the upgrade. */
  readonly upgrade:
    | { readonly status: number | undefined; readonly subprotocol: string | undefined }
    | undefined;
  readonly connack: { readonly code: number; readonly meaning: string } | undefined;
  /** Further warnings. */
  readonly problems: readonly Problem[];
}

/** `undefined` in the report if the handshake ended before this was known. */
export interface ClientCertificateReport {
  readonly requested: boolean;
  /** `undefined` if none was requested. */
  readonly sent: boolean | undefined;
  readonly acceptableAuthorities: readonly string[];
  readonly signatureAlgorithms: readonly string[];
}
