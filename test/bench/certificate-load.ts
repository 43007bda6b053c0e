/**
 * Asks a server as fast as it answers, over connections that stay open, and says how often: the load of a benchmark, in a
 * process of its own, told by its parent what to send. Requests are bytes that were made before, so that making them costs
 * the machine nothing that a server could have used.
 */
import { connect } from 'node:net';

export interface Load {
  readonly port: number;
  /** Whole HTTP requests, sent in turn. */
  readonly requests: readonly string[];
  readonly connections: number;
  readonly milliseconds: number;
}

export interface LoadResult {
  readonly answered: number;
  /** Answers that do not allow. */
  readonly refused: number;
  readonly milliseconds: number;
}

const HEAD_END = '\r\n\r\n';

export async function run({ port, requests, connections, milliseconds }: Load): Promise<LoadResult> {
  const bytes = requests.map((text) => Buffer.from(text, 'latin1'));
  const start = performance.now();
  const end = start + milliseconds;
  let answered = 0;
  let refused = 0;
  let next = 0;
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      let received = '';
      const send = (): void => {
        socket.write(bytes[next++ % bytes.length] as Buffer);
      };
      socket.setNoDelay(true);
      socket.once('connect', send);
      socket.once('error', reject);
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        const head = received.indexOf(HEAD_END);
        if (head === -1) return;
        const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
        if (received.length < head + HEAD_END.length + length) return;
        answered++;
        if (!received.startsWith('HTTP/1.1 200') || !received.includes('"allow"')) refused++;
        received = '';
        if (performance.now() < end) return send();
        socket.destroy();
        resolve();
      });
    });
  await Promise.all(Array.from({ length: connections }, ask));
  return { answered, refused, milliseconds: performance.now() - start };
}

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.(result),
    (error) => {
      throw error;
    },
  );
});
