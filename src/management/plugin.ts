import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import type { ProvisionStore } from '../devices/provision-store.ts';
import { VERSION } from '../version.ts';
import { registerProvision } from './provision.ts';

export interface ManagementParts {
  readonly provisionStore?: (() => Promise<ProvisionStore>) | undefined;
}

/**
 * What people and their programs use, apart from brokers. Security headers are for this scope only: browsers read them,
 * brokers do not, and they cost more than a decision.
 */
export async function registerManagement(app: FastifyInstance, parts: ManagementParts): Promise<void> {
  await app.register(helmet);
  app.get('/', async () => ({ service: 'thingpass', version: VERSION }));
  if (parts.provisionStore !== undefined) registerProvision(app, parts.provisionStore);
}
