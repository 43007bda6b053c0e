import type { FastifyInstance } from 'fastify';
import { documentationPage, problemsPage } from './documentation-page.ts';
import { openApiDocument } from './openapi.ts';
import { OPERATIONS } from './operations.ts';

/**
 * `/docs`: the OpenAPI document for people, `/docs/openapi.json` for programs, `/docs/problems` for whoever got one. They are
 * the same everywhere and tell nothing of this installation, so they ask for no key.
 */
export function registerDocumentation(app: FastifyInstance): void {
  const document = openApiDocument(OPERATIONS);
  const pages = {
    '/docs': documentationPage(OPERATIONS, document),
    '/docs/problems': problemsPage(),
  };
  for (const [path, html] of Object.entries(pages))
    app.get(path, async (_request, reply) => reply.type('text/html; charset=utf-8').send(html));
  app.get('/docs/openapi.json', async () => document);
}
