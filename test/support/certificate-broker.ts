import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { decodeProxyHeader } from './proxy-protocol/decode.ts';
import { certificateOf } from './proxy-protocol/form.ts';

export interface CertificateBroker {
  readonly wsPort: number;
  /** Speaks PROXY protocol v2 first, as HAProxy does with `send-proxy-v2-ssl-cn`. */
  readonly proxyPort: number;
  close(): Promise<void>;
}

/** A real broker behind proxies that end TLS, with the hooks of `deploy/aedes`. */
export async function startCertificateBroker(url: string, secret: string): Promise<CertificateBroker> {
  const { thingpass } = await import('../../deploy/aedes/thingpass.mjs' as string);
  const broker = await Aedes.createBroker(thingpass({ url, secret }));

  const http = createServer();
  new WebSocketServer({ server: http }).on('connection', (socket, request) => {
    const stream = createWebSocketStream(socket);
    stream.on('error', () => undefined);
    broker.handle(stream, request);
  });
  const tcp = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      try {
        const header = decodeProxyHeader(bytes);
        socket.pause();
        socket.unshift(bytes.subarray(header.length));
        const thingpass = { listener: 'mqtts', ...certificateFields(header) };
        broker.handle(Object.assign(socket, { thingpass }) as Socket);
      } catch {
        socket.destroy();
      }
    });
  });
  await Promise.all(
    [http, tcp].map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  );
  return {
    wsPort: (http.address() as AddressInfo).port,
    proxyPort: (tcp.address() as AddressInfo).port,
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      http.closeAllConnections();
      http.close();
      tcp.close();
    },
  };
}

/** What the broker tells ThingPass of the certificate that the proxy saw. */
function certificateFields(header: ReturnType<typeof decodeProxyHeader>): object {
  const certificate = certificateOf(header);
  switch (certificate.kind) {
    case 'none':
      return {};
    case 'name':
      return { certificateCommonName: certificate.commonName, certificateVerified: true };
    case 'certificate':
      return {
        certificate: Buffer.from(certificate.der).toString('base64'),
        certificateVerified: certificate.verification === 'verified',
      };
    case 'unreadable':
      return { certificateCommonName: 'unreadable', certificateVerified: false };
  }
}
