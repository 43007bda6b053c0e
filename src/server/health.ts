import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

/** What `/readyz` tells: whether brokers should be sent here. */
export interface Health {
  /** True from the moment the process was told to stop. */
  stopping: boolean;
  /**
   * Codes of what is wrong while decisions can still be made: devices that are known are admitted, others are not.
   * @throws when none can be made.
   */
  readonly check: () => Promise<readonly string[] | undefined>;
  /** Which of several workers this is. */
  readonly worker?: number | undefined;
}

/**
 * `/livez`: the process answers. `/readyz`: it can decide, and is not about to stop. What still admits known devices is ready,
 * and says that it is degraded: were it taken out, and all its like with it, nobody would be admitted.
 */
export function registerHealth(app: FastifyInstance, health: Health, log: FastifyBaseLogger): void {
  const { worker } = health;
  app.get('/livez', async () => ({ status: 'ok', worker }));
  app.get('/readyz', async (_request, reply) => {
    if (health.stopping) return reply.code(503).send({ status: 'stopping' });
    try {
      const problems = await health.check();
      return problems?.length ? { status: 'degraded', problems } : { status: 'ok' };
    } catch (error) {
      log.error({ err: error }, 'the database cannot be asked');
      return reply.code(503).send({ status: 'storage_unavailable' });
    }
  });
}
