import type { Server } from 'node:net';
import type { MetricFamily } from './metrics/family.ts';

/**
 * Closes connections beyond a bound as soon as they come: without one a process takes as many as the system has file
 * descriptors for, and then reads neither its database nor its files. Brokers see what they see of a server that is gone.
 * @returns gives the metrics.
 */
export function limitConnections(server: Server, most: number): () => Promise<MetricFamily[]> {
  server.maxConnections = most;
  let refused = 0;
  server.on('drop', () => {
    refused++;
  });
  return async () => {
    const open = await new Promise<number>((resolve) => {
      server.getConnections((error, count) => resolve(error ? 0 : count));
    });
    return [
      {
        name: 'thingpass_connections',
        help: 'Open connections of brokers, proxies and people.',
        type: 'gauge',
        together: 'sum',
        samples: [{ labels: {}, value: open }],
      },
      {
        name: 'thingpass_connections_refused_total',
        help: 'Connections closed at once because there were too many.',
        type: 'counter',
        samples: [{ labels: {}, value: refused }],
      },
    ];
  };
}
