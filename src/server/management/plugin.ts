import type { FastifyInstance } from 'fastify';
import type { ManagementParts } from './server.ts';

/** Paths that belong to people and their programs; everything else is the brokers'. */
export const MANAGEMENT_PATHS = ['/api/*', '/docs', '/docs/*', '/pki/*'];

/**
 * Leads management requests to a separate app, which is made when it is first asked: its schemas cost more than the
 * whole start of the server, and most processes never need it.
 */
export function registerManagement(app: FastifyInstance, parts: ManagementParts): void {
  let management: Promise<FastifyInstance> | undefined;

  async function build(): Promise<FastifyInstance> {
    const { buildManagement } = await import('./server.ts');
    const built = await buildManagement(parts);
    await built.ready();
    return built;
  }

  for (const url of MANAGEMENT_PATHS) {
    app.all(url, {
      // Before the body is read: it is the other app's to read.
      onRequest: async (request, reply) => {
        management ??= build();
        // What fails now may work later.
        management.catch(() => {
          management = undefined;
        });
        const { routing } = await management;
        reply.hijack();
        routing(request.raw, reply.raw);
      },
      handler: async () => undefined,
    });
  }
  app.addHook('onClose', async () => {
    await (await management?.catch(() => undefined))?.close();
  });
}
