import { inspectCertificate } from '../../engine/certificates/x509/inspect.ts';
import { formatName } from '../../engine/certificates/x509/name.ts';
import type { Alert } from './alerts.ts';
import type { CheckOptions } from './check-options.ts';
import { connectSocket, type Handshake } from './connect.ts';
import { Conversation } from './conversation.ts';
import { connectPacket, readConnack } from './mqtt-packets.ts';
import type { Target } from './target.ts';
import type { VersionProbe } from './versions.ts';

const NETWORK_MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there, or a firewall rejects the connection',
  ETIMEDOUT: 'no answer: the address is wrong, or a firewall drops the packets',
  ENOTFOUND: 'the DNS does not know this name',
  EAI_AGAIN: 'the DNS does not answer',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ECONNRESET: 'the connection was reset at once: by a firewall, or by the broker’s connection limit',
};

/** Explains why a host cannot be reached. If a name has several addresses, the error holds one error for each. */
export function explainNetworkError(error: NodeJS.ErrnoException, name: string): string {
  const inner =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined) : undefined;
  const code = error.code ?? inner?.code ?? '';
  return `${name} cannot be reached: ${NETWORK_MEANINGS[code] ?? error.message} (${code})`;
}

/** Explains a port that answered something other than TLS, or nothing. */
export async function explainPortWithoutTls(
  { target, stepMs }: CheckOptions,
  handshake: Handshake,
): Promise<string> {
  if (handshake.timedOut && handshake.observations().bytes.length === 0) {
    const protocol = await detectPlainProtocol(target, Buffer.alloc(0), stepMs);
    if (protocol === undefined)
      return 'the port accepts connections, but answers neither TLS nor MQTT nor HTTP';
    return explainPlainProtocol(protocol);
  }
  return explainPlainProtocol(await detectPlainProtocol(target, handshake.observations().bytes, stepMs));
}

function explainPlainProtocol(protocol: 'mqtt' | 'http' | undefined): string {
  if (protocol === 'mqtt') {
    return 'the port speaks MQTT without TLS: use mqtt://, or the broker’s TLS port, often 8883';
  }
  if (protocol === 'http')
    return 'the port speaks HTTP without TLS: for MQTT over WebSockets use ws://, not wss://';
  return 'the port does not speak TLS: it closes the connection or answers in another protocol';
}

/** Explains a handshake that did not complete. */
export function explainHandshakeFailure(
  handshake: Handshake,
  alert: Alert | undefined,
  versions: readonly VersionProbe[],
  hasCertificate: boolean,
): { by: 'server' | 'client'; why: string } {
  const spoken = versions.filter((one) => one.spoken).map(({ version }) => version);
  const onlyOld = spoken.length > 0 && !spoken.includes('TLSv1.2') && !spoken.includes('TLSv1.3');
  if (onlyOld) {
    const why = `the server speaks only ${spoken.join(' and ')}; current clients need TLS 1.2 or 1.3`;
    return { by: alert === undefined ? 'client' : 'server', why };
  }
  const { request, clientCertificateSent } = handshake.observations();
  if (alert !== undefined) {
    const demanded =
      request !== undefined && !clientCertificateSent && [40, 42, 116].includes(alert.code)
        ? `: ${missingCertificateHint(hasCertificate)}`
        : '';
    return {
      by: 'server',
      why: `the server refused with the alert ${alert.name}: ${alert.meaning}${demanded}`,
    };
  }
  if (handshake.timedOut)
    return { by: 'server', why: 'the server began the handshake and did not complete it in time' };
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
        ? `${why}; ${missingCertificateHint(hasCertificate)}`
        : why,
  };
}

function missingCertificateHint(hasCertificate: boolean): string {
  return hasCertificate
    ? 'the client did not send its certificate'
    : 'it requests a client certificate, and none was given (--cert and --key)';
}

/**
 * Explains a refusal after the handshake completed on this side: TLS 1.3 servers reject client certificates only
 * then.
 */
export function explainRefusalAfterHandshake(
  { ownCertificates }: CheckOptions,
  handshake: Handshake,
  alert: Alert | undefined,
): string {
  const { clientCertificateSent, request } = handshake.observations();
  const how =
    alert === undefined
      ? 'the server closed the connection after the handshake without an alert'
      : `the server refused with the alert ${alert.name}: ${alert.meaning}`;
  if (request === undefined) return how;
  const [leaf] = ownCertificates;
  if (!clientCertificateSent || leaf === undefined)
    return `${how}; ${missingCertificateHint(leaf !== undefined)}`;
  const issuer = formatName(inspectCertificate(leaf).issuer);
  return alert?.code === 48
    ? `${how}; the certificate was issued by ${issuer}`
    : `${how}; it requested a client certificate and may have rejected the given one, issued by ${issuer}`;
}

type PlainProtocol = 'mqtt' | 'http' | undefined;

/**
 * Detects the protocol of a port that does not speak TLS. The MQTT test sends no user name or password, because
 * anybody can read this connection.
 * @param answered what the server answered to a ClientHello.
 */
async function detectPlainProtocol(
  target: Target,
  answered: Buffer,
  milliseconds: number,
): Promise<PlainProtocol> {
  if (isHttp(answered)) return 'http';
  const exchange = async (bytes: Uint8Array | string): Promise<Buffer> => {
    const socket = await connectSocket(target, milliseconds);
    if (socket instanceof Error) return Buffer.alloc(0);
    const conversation = new Conversation(socket);
    conversation.send(bytes);
    await conversation.wait((come) => come.length >= 5, milliseconds);
    conversation.end();
    return conversation.bytes;
  };
  const [toMqtt, toHttp] = await Promise.all([
    exchange(connectPacket({ clientId: `thingpass-check-${process.pid}` })),
    exchange(`GET / HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`),
  ]);
  if (readConnack(toMqtt) !== undefined) return 'mqtt';
  return isHttp(toHttp) || isHttp(toMqtt) ? 'http' : undefined;
}

function isHttp(bytes: Buffer): boolean {
  return bytes.subarray(0, 5).toString('latin1') === 'HTTP/';
}
