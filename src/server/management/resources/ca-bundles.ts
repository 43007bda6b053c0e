import { Type } from 'typebox';
import {
  addCertificates,
  type CaBundle,
  findCaBundle,
  retireCertificate,
} from '../../../fleet/ca-bundles/service.ts';
import { ThingPassError } from '../../../model/errors.ts';
import type { ManagementStore } from '../../../storage/repositories/management-store.ts';
import { operation } from '../operation.ts';
import { named, object, TIME } from '../schemas.ts';
import { showTime } from '../times.ts';

const TAG = 'CA bundles';
const PATH = '/ca-bundles/{name}';
const BUNDLE_NAME = Type.String({
  pattern: '^[A-Za-z0-9._-]{1,100}$',
  description: 'Fetched as `/pki/<name>.pem`.',
});
const BUNDLE_PATH = object({ name: BUNDLE_NAME });

const BUNDLE = named(
  'CaBundle',
  object({
    name: BUNDLE_NAME,
    etag: Type.String({ description: 'Changes with the content.' }),
    certificates: Type.Array(
      object({
        sha256: Type.String(),
        subject: Type.String(),
        notAfter: TIME,
      }),
    ),
    nodes: Type.Array(
      object({
        node: Type.String(),
        fetched: TIME,
        upToDate: Type.Boolean({ description: 'It has the bundle as it is.' }),
      }),
    ),
  }),
);

const listCaBundles = operation({
  id: 'listCaBundles',
  method: 'GET',
  path: '/ca-bundles',
  tag: TAG,
  scopes: ['read'],
  summary: 'List the names of all bundles',
  answers: {
    200: {
      description: 'The names',
      schema: named('CaBundleNames', object({ items: Type.Array(BUNDLE_NAME) })),
    },
  },
  async handle({ store }) {
    return { status: 200, body: { items: await store.caBundles.names() } };
  },
});

const getCaBundle = operation({
  id: 'getCaBundle',
  method: 'GET',
  path: PATH,
  tag: TAG,
  scopes: ['read'],
  summary: 'Show a bundle, and which nodes have it',
  params: BUNDLE_PATH,
  answers: { 200: { description: 'The bundle', schema: BUNDLE } },
  problems: ['ca_bundle_not_found'],
  async handle({ params, store }) {
    return { status: 200, body: await show(store, params.name) };
  },
});

const addCaCertificates = operation({
  id: 'addCaCertificates',
  method: 'POST',
  path: `${PATH}/certificates`,
  tag: TAG,
  scopes: ['write'],
  summary: 'Add certificates to a bundle',
  description: 'Creates the bundle if it does not exist. Certificates that are in it already stay.',
  params: BUNDLE_PATH,
  body: named('CaCertificates', object({ pem: Type.String({ minLength: 1, maxLength: 500_000 }) })),
  answers: { 200: { description: 'The bundle as it is now', schema: BUNDLE } },
  problems: ['ca_certificate_invalid'],
  async handle({ params, body, store, actor }) {
    await addCertificates(store.caBundles, params.name, body.pem, actor);
    return { status: 200, body: await show(store, params.name) };
  },
});

const retireCaCertificate = operation({
  id: 'retireCaCertificate',
  method: 'DELETE',
  path: `${PATH}/certificates/{sha256}`,
  tag: TAG,
  scopes: ['write'],
  summary: 'Take a certificate out of a bundle',
  description: 'Refused while nodes have not fetched the bundle as it is, unless forced; never the last one.',
  params: object({ name: BUNDLE_NAME, sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
  query: object({ force: Type.Optional(Type.Boolean()) }),
  answers: { 204: { description: 'Retired' } },
  problems: ['ca_bundle_not_found', 'nodes_lag', 'ca_bundle_would_be_empty'],
  async handle({ params, query, store, actor }) {
    const { name, sha256 } = params;
    const result = await retireCertificate(store.caBundles, name, sha256, query.force === true, actor);
    switch (result.done) {
      case 'retired':
        return { status: 204 };
      case 'not_found':
        throw new ThingPassError('ca_bundle_not_found');
      case 'would_be_empty':
        throw new ThingPassError('ca_bundle_would_be_empty');
      case 'nodes_lag':
        throw new ThingPassError('nodes_lag', undefined, { nodes: result.nodes });
    }
  },
});

const forgetCaBundleNode = operation({
  id: 'forgetCaBundleNode',
  method: 'DELETE',
  path: `${PATH}/nodes/{node}`,
  tag: TAG,
  scopes: ['write'],
  summary: 'Forget a node that fetches a bundle no longer',
  params: object({ name: BUNDLE_NAME, node: Type.String({ minLength: 1, maxLength: 200 }) }),
  answers: { 204: { description: 'Forgotten' } },
  problems: ['ca_bundle_not_found'],
  async handle({ params, store, actor }) {
    if (!(await store.caBundles.forget(params.name, params.node, actor)))
      throw new ThingPassError('ca_bundle_not_found');
    return { status: 204 };
  },
});

async function show({ caBundles }: ManagementStore, name: string) {
  const bundle = await findCaBundle(caBundles, name);
  if (bundle === undefined) throw new ThingPassError('ca_bundle_not_found');
  return showCaBundle(bundle);
}

/** A bundle as the API shows it; the PEM itself is at `/pki/<name>.pem`. */
function showCaBundle({ name, etag, certificates, nodes }: CaBundle) {
  return {
    name,
    etag,
    certificates: certificates.map(({ sha256, subject, notAfter }) => ({
      sha256,
      subject,
      notAfter: showTime(notAfter),
    })),
    nodes: nodes.map(({ node, fetchedTime, upToDate }) => ({
      node,
      upToDate,
      fetched: showTime(fetchedTime),
    })),
  };
}

export const CA_BUNDLE_OPERATIONS = [
  listCaBundles,
  getCaBundle,
  addCaCertificates,
  retireCaCertificate,
  forgetCaBundleNode,
];
