import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls';
import { type CertificateRequest, readCertificateRequest, readCertificates, readSuite } from './messages.ts';
import { readRecords } from './records.ts';
import { SocketTap } from './socket-tap.ts';
import type { Target } from './target.ts';

/** What a client has with it. Texts are PEM. */
export interface ClientSide {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly passphrase?: string | undefined;
}

/** One attempt at a TLS connection. */
export interface Handshake {
  /** There where the handshake was completed on our side. */
  readonly socket: TLSSocket | undefined;
  readonly error: (Error & { code?: string }) | undefined;
  readonly timedOut: boolean;
  readonly version: string | undefined;
  readonly cipher: string | undefined;
  /** Why a client would not believe the server: Node's code of the verification. */
  readonly distrust: string | undefined;
  /** Why the certificate is not this server's. */
  readonly nameProblem: string | undefined;
  /** What is read out of the bytes again and again: they may go on to come. */
  readonly seen: () => Seen;
}

export interface Seen {
  /** The server answered in TLS. */
  readonly isTls: boolean;
  readonly bytes: Buffer;
  readonly serverHello: boolean;
  /** Code of an alert in the clear. */
  readonly alert: number | undefined;
  /** DER in the order in which the server sent them. */
  readonly serverChain: readonly Buffer[];
  readonly request: CertificateRequest | undefined;
  /** Undefined where no certificate was asked for. */
  readonly clientCertificateSent: boolean | undefined;
}

/** @returns the open connection, or why there is none. */
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
 * TLS over a connection, believing whatever the server shows: what a client would not believe is told afterwards.
 * @throws where certificate and key of the client cannot be used.
 */
export function shakeHands(socket: Socket, options: HandshakeOptions): Promise<Handshake> {
  const { servername, client, milliseconds, minVersion, maxVersion, ciphers } = options;
  const tap = new SocketTap(socket);
  const secrets = new Map<string, Buffer>();
  const tls = connectTls({
    socket: tap,
    ...given({ ...client, minVersion, maxVersion, ciphers }),
    // An address is no server name (RFC 6066 section 3).
    ...(isIP(servername) === 0 ? { servername } : {}),
    rejectUnauthorized: false,
    // Asked below, so that a wrong name does not hide what else is wrong.
    checkServerIdentity: () => undefined,
  });
  tls.on('keylog', (line: Buffer) => {
    const [label = '', , secret = ''] = line.toString('latin1').trim().split(' ');
    secrets.set(label, Buffer.from(secret, 'hex'));
  });
  const seen = (): Seen => see(tap, secrets, tls.getProtocol() ?? undefined);
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
        distrust: secured && tls.authorizationError ? String(tls.authorizationError) : undefined,
        nameProblem: secured ? nameProblem(servername, tls) : undefined,
        seen,
      });
    };
    const timer = setTimeout(() => settle(false, undefined, true), milliseconds);
    tls.once('secureConnect', () => settle(true, undefined));
    tls.on('error', (error: Error) => settle(false, error));
    tls.once('close', () => settle(false, undefined));
  });
}

/** Node tells `undefined` from a missing option. */
function given<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>;
}

function nameProblem(servername: string, tls: TLSSocket): string | undefined {
  const certificate = tls.getPeerCertificate();
  if (Object.keys(certificate).length === 0) return 'the server showed no certificate';
  return checkServerIdentity(servername, certificate)?.message;
}

function see(tap: SocketTap, secrets: ReadonlyMap<string, Buffer>, protocol: string | undefined): Seen {
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
