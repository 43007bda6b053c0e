import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import { VERSION } from '../version.ts';

/**
 * What people and their programs use, apart from brokers. Security headers are for this scope only: browsers read them,
 * brokers do not, and they cost more than a decision.
 */
export async function registerManagement(app: FastifyInstance): Promise<void> {
  await app.register(helmet);
  app.get('/', async () => ({ service: 'thingpass', version: VERSION }));
}
