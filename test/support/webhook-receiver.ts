import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a receiver does with a message: an HTTP status, or `hang`, or `cut`: the connection ends unanswered. */
type Behaviour = number | 'hang' | 'cut';

export interface ReceivedMessage {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver of webhooks over real HTTP, which does what a test says: each behaviour once, the last one for ever. */
export interface WebhookReceiver {
  readonly url: string;
  /** Everything that arrived, whatever was answered. */
  readonly messages: readonly ReceivedMessage[];
  behave(...behaviours: readonly Behaviour[]): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<WebhookReceiver> {
  const messages: ReceivedMessage[] = [];
  let coming: readonly Behaviour[] = [204];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    messages.push({
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    });
    const [behaviour = 204, ...rest] = coming;
    if (rest.length > 0) coming = rest;
    if (behaviour === 'hang') return;
    if (behaviour === 'cut') return void request.socket.destroy();
    // Where a redirection leads must not be asked.
    response.writeHead(behaviour, { location: '/elsewhere' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    messages,
    behave(...behaviours) {
      coming = behaviours;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
