/**
 * The load: a process of its own, told over IPC what to send where. It writes prepared bytes to sockets and reads no more of an
 * answer than it must, so that it takes less processor time than what it measures.
 */
import { connect, type Socket } from 'node:net';

/** One measurement. */
export interface Order {
  readonly port: number;
  readonly connections: number;
  /** Requests as they go over the wire, in Base64; taken in turn. */
  readonly requests: readonly string[];
  /** Ends after so many milliseconds, or when each request was sent once. */
  readonly until: number | 'each_once';
  /** What a right answer holds. */
  readonly expect: string;
}

export interface Measured {
  readonly answered: number;
  readonly wrong: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly latency: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** One wrong answer, for people. */
  readonly sample?: string | undefined;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

function lengthOf(answer: Buffer): number | undefined {
  const end = answer.indexOf(END_OF_HEAD);
  if (end === -1) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.toString('latin1', 0, end + 2))?.[1];
  return end + END_OF_HEAD.length + Number(length ?? 0);
}

/** Sends requests over keep-alive connections, one at a time over each, and counts. */
export async function measure(order: Order): Promise<Measured> {
  const requests = order.requests.map((text) => Buffer.from(text, 'base64'));
  const expected = Buffer.from(order.expect);
  const latencies: number[] = [];
  let next = 0;
  let wrong = 0;
  let sample: string | undefined;
  // A sleeping process has to be woken, at the cost of whoever writes to it: five to ten microseconds a request, which a fast server
  // would not pay, since it keeps the load awake. So the load never sleeps.
  let awake = true;
  const stayAwake = (): void => {
    if (awake) setImmediate(stayAwake);
  };
  stayAwake();
  const start = performance.now();
  const mayGoOn = (): boolean =>
    order.until === 'each_once' ? next < requests.length : performance.now() - start < order.until;

  await Promise.all(
    Array.from(
      { length: order.connections },
      () =>
        new Promise<void>((resolve, reject) => {
          let sentAt = 0;
          let received: Buffer | undefined;
          const socket: Socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true });
          const send = (): void => {
            if (!mayGoOn()) {
              socket.destroy();
              resolve();
              return;
            }
            sentAt = performance.now();
            socket.write(requests[next++ % requests.length] as Buffer);
          };
          socket.once('connect', send).once('error', reject);
          socket.on('data', (chunk: Buffer) => {
            const answer = received === undefined ? chunk : Buffer.concat([received, chunk]);
            const length = lengthOf(answer);
            if (length === undefined || answer.length < length) {
              received = answer;
              return;
            }
            received = undefined;
            latencies.push(performance.now() - sentAt);
            if (!answer.includes(expected)) {
              wrong++;
              sample ??= answer.toString('utf8');
            }
            send();
          });
        }),
    ),
  );
  const seconds = (performance.now() - start) / 1_000;
  awake = false;
  latencies.sort((one, other) => one - other);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    answered: latencies.length,
    wrong,
    seconds,
    latency: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: latencies.at(-1) ?? 0 },
    sample,
  };
}

if (process.send !== undefined) {
  process.on('message', (order: Order) => {
    measure(order).then(
      (measured) => process.send?.({ measured }),
      (error: Error) => process.send?.({ error: error.message }),
    );
  });
}
