/**
 * What speed is compared with, as a process: `reference.ts fastify` is a Fastify app with our options and one route that reads
 * the same body and says one word; `reference.ts http` does the same with `node:http` alone. Sends its port over IPC.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { HTTP_OPTIONS } from '../../../src/server/app.ts';

const ANSWER = '{"result":"allow"}';

async function fastify(): Promise<Server> {
  const app = Fastify({ ...HTTP_OPTIONS, logger: false });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/', (_request, reply) => reply.header('content-type', 'application/json').send(ANSWER));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app.server;
}

async function http(): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length });
      response.end(ANSWER);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const server = await (process.argv[2] === 'http' ? http() : fastify());
process.send?.((server.address() as AddressInfo).port);
