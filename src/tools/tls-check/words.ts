import { inspectCertificate } from '../../engine/certificates/x509/inspect.ts';
import { formatName } from '../../engine/certificates/x509/name.ts';
import type { Alert } from './alerts.ts';
import type { CheckOptions } from './check-options.ts';
import type { Handshake } from './connect.ts';
import { askPlain } from './plain.ts';
import type { VersionSeen } from './versions.ts';

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there, or a firewall refuses',
  ETIMEDOUT: 'no answer: wrong address, or a firewall drops what is sent',
  ENOTFOUND: 'there is no such name in the DNS',
  EAI_AGAIN: 'the DNS does not answer',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ECONNRESET: 'the connection is cut at once: a firewall, or the broker’s limit of connections',
};

/** Several addresses are tried for a name; then the error holds one for each. */
export function networkWords(error: NodeJS.ErrnoException, name: string): string {
  const inner =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined) : undefined;
  const code = error.code ?? inner?.code ?? '';
  return `${name} cannot be reached: ${NETWORK_WORDS[code] ?? error.message} (${code})`;
}

/** For a port that answered something else than TLS, or nothing. */
export async function noTlsWords({ target, stepMs }: CheckOptions, handshake: Handshake): Promise<string> {
  if (handshake.timedOut && handshake.seen().bytes.length === 0) {
    const protocol = await askPlain(target, Buffer.alloc(0), stepMs);
    if (protocol === undefined)
      return 'the port takes connections, but nothing answers: neither TLS nor MQTT nor HTTP';
    return plainWords(protocol);
  }
  return plainWords(await askPlain(target, handshake.seen().bytes, stepMs));
}

function plainWords(protocol: 'mqtt' | 'http' | undefined): string {
  if (protocol === 'mqtt') {
    return 'the port speaks MQTT without TLS: connect by mqtt://, or to the broker’s TLS port, often 8883';
  }
  if (protocol === 'http')
    return 'the port speaks HTTP without TLS: for MQTT over WebSockets it is ws://, not wss://';
  return 'the port does not speak TLS: it closes the connection, or answers something else';
}

/** For a handshake that was not completed. */
export function tlsWords(
  handshake: Handshake,
  alert: Alert | undefined,
  versions: readonly VersionSeen[],
  hasCertificate: boolean,
): { by: 'server' | 'client'; why: string } {
  const spoken = versions.filter((one) => one.spoken).map(({ version }) => version);
  const onlyOld = spoken.length > 0 && !spoken.includes('TLSv1.2') && !spoken.includes('TLSv1.3');
  if (onlyOld) {
    const why = `the server speaks ${spoken.join(' and ')} only; clients of today take TLS 1.2 and 1.3`;
    return { by: alert === undefined ? 'client' : 'server', why };
  }
  const { request, clientCertificateSent } = handshake.seen();
  if (alert !== undefined) {
    const demanded =
      request !== undefined && !clientCertificateSent && [40, 42, 116].includes(alert.code)
        ? `: ${certificateDemanded(hasCertificate)}`
        : '';
    return {
      by: 'server',
      why: `the server refused with the alert ${alert.name}: ${alert.meaning}${demanded}`,
    };
  }
  if (handshake.timedOut)
    return { by: 'server', why: 'the server began TLS and did not go on with it in time' };
  if (handshake.error?.code?.startsWith('ERR_SSL_') || handshake.error?.code?.startsWith('ERR_OSSL_')) {
    return {
      by: 'client',
      why: `this side ended the handshake: ${handshake.error.message.split(':').at(-2) ?? ''} (${handshake.error.code})`,
    };
  }
  const why = 'the server closed the connection during the handshake without an alert; see its log';
  return {
    by: 'server',
    why:
      request !== undefined && !clientCertificateSent
        ? `${why}; ${certificateDemanded(hasCertificate)}`
        : why,
  };
}

function certificateDemanded(hasCertificate: boolean): string {
  return hasCertificate
    ? 'the client has a certificate and did not send it'
    : 'it asks for a client certificate, and none was given (--cert and --key)';
}

/** For a refusal after the handshake was complete on our side, as TLS 1.3 has it for client certificates. */
export function postHandshakeWords(
  { ownCertificates }: CheckOptions,
  handshake: Handshake,
  alert: Alert | undefined,
): string {
  const { clientCertificateSent, request } = handshake.seen();
  const how =
    alert === undefined
      ? 'the server closed the connection without a word after the handshake'
      : `the server refused with the alert ${alert.name}: ${alert.meaning}`;
  if (request === undefined) return how;
  const [leaf] = ownCertificates;
  if (!clientCertificateSent || leaf === undefined)
    return `${how}; ${certificateDemanded(leaf !== undefined)}`;
  const issuer = formatName(inspectCertificate(leaf).issuer);
  return alert?.code === 48
    ? `${how}; the certificate was issued by ${issuer}`
    : `${how}; it asked for a client certificate, got the one given, issued by ${issuer}, and may not have accepted it`;
}
