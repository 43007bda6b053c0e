import type { FastifyInstance } from 'fastify';
import type { MetricFamily } from './family.ts';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from './prometheus-text.ts';

/** `/metrics` for Prometheus. Each process answers for the whole server. The text holds no secret. */
export function registerMetrics(
  app: FastifyInstance,
  families: () => Promise<readonly MetricFamily[]>,
): void {
  app.get('/metrics', async (_request, reply) => {
    const text = prometheusText(await families());
    return reply.type(PROMETHEUS_CONTENT_TYPE).header('cache-control', 'no-store').send(text);
  });
}
