/** The reference for speed: a Fastify app with our options, one route that reads the same body and says one word. */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { HTTP_OPTIONS } from '../../src/app.ts';

const app = Fastify({ ...HTTP_OPTIONS, logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/', (_request, reply) =>
  reply.header('content-type', 'application/json').send('{"result":"allow"}'),
);
await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
