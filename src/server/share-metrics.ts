import { randomUUID } from 'node:crypto';
import type { MetricFamily } from './metrics/family.ts';
import type { Metrics } from './metrics/metrics.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import type { ProcessGroup } from './process-group/group.ts';

/**
 * Each process tells what it counted; the primary, which outlives the others, sums.
 * @param ofPrimary what the primary alone finds out.
 */
export function shareMetrics(
  processes: ProcessGroup,
  metrics: Metrics,
  ofPrimary: () => readonly MetricFamily[],
): void {
  const process = randomUUID();
  processes.handle('metrics', async () => ({ process, families: await metrics.families() }));
  if (processes.role === 'worker') return;
  const server = new ServerMetrics();
  processes.handle('server_metrics', async () => [...(await server.gather(processes)), ...ofPrimary()]);
}
