import type { FastifyInstance } from 'fastify';

/** What `/readyz` tells: whether brokers should be sent here. */
export interface Health {
  /** True from the moment the process was told to stop. */
  stopping: boolean;
  /** @throws when the database cannot be asked. */
  readonly checkStorage: () => Promise<void>;
}

/** `/livez`: the process answers. `/readyz`: it can decide, and is not about to stop. */
export function registerHealth(app: FastifyInstance, health: Health): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (request, reply) => {
    if (health.stopping) return reply.code(503).send({ status: 'stopping' });
    try {
      await health.checkStorage();
      return { status: 'ok' };
    } catch (error) {
      request.log.error({ err: error }, 'the database cannot be asked');
      return reply.code(503).send({ status: 'storage_unavailable' });
    }
  });
}
