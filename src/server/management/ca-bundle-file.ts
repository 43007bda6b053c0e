import type { FastifyInstance } from 'fastify';
import { bundleText } from '../../fleet/ca-bundles/bundle.ts';
import { findCaBundle } from '../../fleet/ca-bundles/service.ts';
import { ThingPassError } from '../../model/errors.ts';
import { authenticate, requireScope } from './authenticate.ts';
import type { RouteParts } from './routes.ts';

/** In which a node says who it is; without it, its API key's name stands for it. */
const NODE_HEADER = 'x-thingpass-node';
const NODE_NAME = /^[\x21-\x7e]{1,200}$/;

/**
 * `GET /pki/<name>.pem`: a bundle as the file that brokers read, for callers with a key. Each answer, "not modified" too, is
 * remembered as what the node has.
 */
export function registerCaBundleFiles(app: FastifyInstance, { store, keys }: RouteParts): void {
  app.get('/pki/:file', async (request, reply) => {
    const caller = await authenticate(keys, request.headers, request.ip);
    requireScope(caller, ['read']);
    const { file } = request.params as { file: string };
    const name = /^([A-Za-z0-9._-]+)\.pem$/.exec(file)?.[1];
    const { caBundles } = await store();
    const bundle = name === undefined ? undefined : await findCaBundle(caBundles, name);
    if (bundle === undefined) throw new ThingPassError('ca_bundle_not_found');
    const given = request.headers[NODE_HEADER];
    if (given !== undefined && !(typeof given === 'string' && NODE_NAME.test(given))) {
      throw new ThingPassError(
        'request_invalid',
        `${NODE_HEADER} has 1 to 200 printable characters of ASCII`,
      );
    }
    await caBundles.fetched(bundle.name, given ?? caller.key.name, bundle.etag);
    reply.headers({ etag: bundle.etag, 'cache-control': 'private, no-cache' });
    if (matches(request.headers['if-none-match'], bundle.etag)) return reply.code(304).send();
    return reply.type('application/x-pem-file').send(bundleText(bundle.certificates));
  });
}

/** RFC 9110 section 13.1.2, compared weakly. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
