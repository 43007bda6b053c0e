import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls';
import { type CertificateRequest, readCertificateRequest, readCertificates, readSuite } from './messages.ts';
import { readRecords } from './records.ts';
import { SocketTap } from './socket-tap.ts';
import type { Target } from './target.ts';

/** The client's files. Texts are PEM. */
export interface ClientSide {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly passphrase?: string | undefined;
}

/** One attempt at a TLS connection. */
export interface Handshake {
  /** Set if the handshake completed on the client's side. */
  readonly socket: TLSSocket | undefined;
  readonly error: (Error & { code?: string }) | undefined;
  readonly timedOut: boolean;
  readonly version: string | undefined;
  readonly cipher: string | undefined;
  /** Why a client would reject the server's chain: Node's error code. */
  readonly verificationError: string | undefined;
  /** Why the server's certificate is not valid for the requested name. */
  readonly nameProblem: string | undefined;
  /** Reads the bytes received so far; further calls include later ones. */
  readonly observations: () => Observations;
}

export interface Observations {
  /** Whether the server answered in TLS. */
  readonly isTls: boolean;
  readonly bytes: Buffer;
  readonly serverHello: boolean;
  /** Code of an unencrypted alert. */
  readonly alert: number | undefined;
  /** DER, in the order sent by the server. */
  readonly serverChain: readonly Buffer[];
  readonly request: CertificateRequest | undefined;
  /** `undefined` if the server requested no certificate. */
  readonly clientCertificateSent: boolean | undefined;
}

/**
 * Opens a TCP connection.
 * @returns the connection, or the error. A timeout has the code `ETIMEDOUT`.
 */
export function connectSocket(
  { host, port }: Target,
  milliseconds: number,
): Promise<Socket | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    }, milliseconds);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeListener('error', resolve);
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      resolve(error);
    });
  });
}

export interface HandshakeOptions {
  readonly servername: string;
  readonly client: ClientSide;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
  readonly ciphers?: string;
  readonly milliseconds: number;
}

/**
 * Performs a TLS handshake that accepts every server certificate. The result tells what a client would have
 * rejected.
 * @throws if the client's certificate and key cannot be used together.
 */
export function performHandshake(socket: Socket, options: HandshakeOptions): Promise<Handshake> {
  const { servername, client, milliseconds, minVersion, maxVersion, ciphers } = options;
  const tap = new SocketTap(socket);
  const secrets = new Map<string, Buffer>();
  const tls = connectTls({
    socket: tap,
    ...definedOptions({ ...client, minVersion, maxVersion, ciphers }),
    // An address must not be sent as a server name (RFC 6066 section 3).
    ...(isIP(servername) === 0 ? { servername } : {}),
    rejectUnauthorized: false,
    // The name is checked later, so that a wrong name does not hide other errors.
    checkServerIdentity: () => undefined,
  });
  tls.on('keylog', (line: Buffer) => {
    const [label = '', , secret = ''] = line.toString('latin1').trim().split(' ');
    secrets.set(label, Buffer.from(secret, 'hex'));
  });
  const observations = (): Observations => observe(tap, secrets, tls.getProtocol() ?? undefined);
  return new Promise((resolve) => {
    const settle = (secured: boolean, error: Handshake['error'], timedOut = false): void => {
      clearTimeout(timer);
      if (!secured) tls.destroy();
      resolve({
        socket: secured ? tls : undefined,
        error,
        timedOut,
        version: secured ? (tls.getProtocol() ?? undefined) : undefined,
        cipher: secured ? tls.getCipher().name : undefined,
        verificationError: secured && tls.authorizationError ? String(tls.authorizationError) : undefined,
        nameProblem: secured ? nameProblem(servername, tls) : undefined,
        observations,
      });
    };
    const timer = setTimeout(() => settle(false, undefined, true), milliseconds);
    tls.once('secureConnect', () => settle(true, undefined));
    tls.on('error', (error: Error) => settle(false, error));
    tls.once('close', () => settle(false, undefined));
  });
}

/** Removes undefined options: Node treats them differently from missing ones. */
function definedOptions<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>;
}

function nameProblem(servername: string, tls: TLSSocket): string | undefined {
  const certificate = tls.getPeerCertificate();
  if (Object.keys(certificate).length === 0) return 'the server sent no certificate';
  return checkServerIdentity(servername, certificate)?.message;
}

function observe(
  tap: SocketTap,
  secrets: ReadonlyMap<string, Buffer>,
  protocol: string | undefined,
): Observations {
  const bytes = tap.received;
  const plain = readRecords(bytes);
  const suite = readSuite(plain.messages);
  const server = readRecords(bytes, secrets.get('SERVER_HANDSHAKE_TRAFFIC_SECRET'), suite);
  const client = readRecords(tap.sent, secrets.get('CLIENT_HANDSHAKE_TRAFFIC_SECRET'), suite);
  const tls13 = secrets.has('SERVER_HANDSHAKE_TRAFFIC_SECRET');
  const request = readCertificateRequest(server.messages, tls13 ? 'TLSv1.3' : (protocol ?? 'TLSv1.2'));
  const sent = readCertificates(client.messages, tls13);
  return {
    isTls: server.isTls,
    bytes,
    serverHello: suite !== undefined,
    alert: server.alert,
    serverChain: readCertificates(server.messages, tls13) ?? [],
    request,
    clientCertificateSent: request === undefined ? undefined : sent !== undefined && sent.length > 0,
  };
}
