import type { Server, Socket } from 'node:net';
import type { MetricFamily } from './metrics/family.ts';

/**
 * The open connections of a server. Those beyond a bound are closed as soon as they come: without one a process takes as many as the system has file
 * descriptors for, and then reads neither its database nor its files. Brokers see what they see of a server that is gone.
 */
export class Connections {
  readonly #open = new Set<Socket>();
  #refused = 0;

  /** @param most how many connections may be open at a time. */
  constructor(server: Server, most: number) {
    server.maxConnections = most;
    server.on('drop', () => {
      this.#refused++;
    });
    server.on('connection', (socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Ends those that never sent a byte, which HTTP's own close waits for. */
  destroyUnused(): void {
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
  }

  families(): MetricFamily[] {
    return [
      {
        name: 'thingpass_connections',
        help: 'Open connections of brokers, proxies and people.',
        type: 'gauge',
        together: 'sum',
        samples: [{ labels: {}, value: this.#open.size }],
      },
      {
        name: 'thingpass_connections_refused_total',
        help: 'Connections closed at once because there were too many.',
        type: 'counter',
        samples: [{ labels: {}, value: this.#refused }],
      },
    ];
  }
}
