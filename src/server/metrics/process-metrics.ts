import { monitorEventLoopDelay } from 'node:perf_hooks';
import { VERSION } from '../../util/version.ts';
import type { MetricFamily } from './family.ts';

/** Resolution of the measured lag of the event loop, in milliseconds. */
const RESOLUTION_MS = 20;

export interface ProcessMetrics {
  families(): MetricFamily[];
  close(): void;
}

/** Metrics of the process itself: processor time, memory, lag of the event loop. */
export function createProcessMetrics(): ProcessMetrics {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const startedAt = Date.now() / 1_000 - process.uptime();
  return {
    families() {
      // The monitor measures from tick to tick, so the lag is what exceeds the resolution.
      const late = (percentile: number): number =>
        Math.max(0, delay.percentile(percentile) / 1e9 - RESOLUTION_MS / 1_000);
      const lag = [50, 99].map((percentile) => ({
        labels: { quantile: String(percentile / 100) },
        value: delay.count === 0 ? 0 : late(percentile),
      }));
      delay.reset();
      const { rss } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      return [
        gauge('thingpass_build_info', 'Versions; always 1.', 'max', [
          { labels: { version: VERSION, node: process.version }, value: 1 },
        ]),
        gauge('thingpass_processes', 'Processes that decide.', 'sum', [{ labels: {}, value: 1 }]),
        gauge('thingpass_start_time_seconds', 'When the oldest process started, in Unix time.', 'min', [
          { labels: {}, value: startedAt },
        ]),
        gauge('thingpass_resident_memory_bytes', 'Memory of all processes that decide.', 'sum', [
          { labels: {}, value: rss },
        ]),
        gauge(
          'thingpass_event_loop_lag_seconds',
          'How late the event loop was since it was last asked; of the worst process.',
          'max',
          lag,
        ),
        {
          name: 'thingpass_cpu_seconds_total',
          help: 'Processor time of all processes that decide.',
          type: 'counter',
          samples: [{ labels: {}, value: (user + system) / 1e6 }],
        },
      ];
    },
    close: () => void delay.disable(),
  };
}

function gauge(
  name: string,
  help: string,
  together: 'sum' | 'max' | 'min',
  samples: readonly { labels: Record<string, string>; value: number }[],
): MetricFamily {
  return { name, help, type: 'gauge', together, samples };
}
