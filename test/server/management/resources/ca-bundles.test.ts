import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { GOLDEN } from '../../../support/golden.ts';
import { apiServer } from '../support/api-server.ts';

const pki = (file: string): string => readFileSync(join(GOLDEN, 'pki', file), 'utf8');

onEachDatabase((database) => {
  const server = apiServer(database);
  const path = { name: 'cloud' };
  const fetchBundle = (key: string, headers: Record<string, string> = {}, name = 'cloud.pem') =>
    fetch(`${server.url}/pki/${name}`, { headers: { authorization: `Bearer ${key}`, ...headers } });

  test('a bundle is made, fetched with a key, and shows who has it', async () => {
    await server.api.refused('ca_bundle_not_found', 'getCaBundle', { path });
    const added = await server.api.call('addCaCertificates', { path, body: { pem: pki('root.crt.pem') } });
    assert.deepEqual([added.status, added.body.certificates.length, added.body.nodes], [200, 1, []]);
    assert.equal((await fetch(`${server.url}/pki/cloud.pem`)).status, 401);
    const provision = await server.key('provision');
    assert.equal((await fetchBundle(provision)).status, 403);
    const key = await server.key('read');
    assert.equal((await fetchBundle(key, {}, 'other.pem')).status, 404);

    const file = await fetchBundle(key, { 'x-thingpass-node': 'edge-1' });
    assert.equal(file.headers.get('content-type'), 'application/x-pem-file');
    const etag = file.headers.get('etag') ?? '';
    assert.match(await file.text(), /^-----BEGIN CERTIFICATE-----\n/);
    const again = await fetchBundle(key, { 'x-thingpass-node': 'edge-1', 'if-none-match': etag });
    assert.deepEqual([again.status, await again.text()], [304, '']);
    assert.equal((await fetchBundle(key, { 'x-thingpass-node': 'x'.repeat(201) })).status, 400);
    const { body } = await server.api.call('getCaBundle', { path });
    assert.deepEqual(
      body.nodes.map(({ node, upToDate }: { node: string; upToDate: boolean }) => [node, upToDate]),
      [['edge-1', true]],
    );
    assert.deepEqual((await server.api.call('listCaBundles', {})).body.items, ['cloud']);
  });

  test('what is not an authority in date is refused, and the last certificate stays', async () => {
    for (const pem of ['nonsense', pki('p256.crt.pem'), pki('root.crt.pem') + pki('p256.key.pem')])
      await server.api.refused('ca_certificate_invalid', 'addCaCertificates', { path, body: { pem } });
    const { body } = await server.api.call('getCaBundle', { path });
    const [{ sha256 }] = body.certificates as [{ sha256: string }];
    const only = { path: { name: 'cloud', sha256 } };
    await server.api.refused('ca_bundle_would_be_empty', 'retireCaCertificate', {
      ...only,
      query: { force: true },
    });
    await server.api.refused('ca_bundle_not_found', 'retireCaCertificate', {
      path: { name: 'cloud', sha256: '0'.repeat(64) },
    });
  });

  test('nodes that lag keep the old authority in, unless they are forgotten', async () => {
    const { body } = await server.api.call('getCaBundle', { path });
    const [{ sha256 }] = body.certificates as [{ sha256: string }];
    await server.api.call('addCaCertificates', { path, body: { pem: pki('inter-a.crt.pem') } });
    const one = { path: { name: 'cloud', sha256 } };
    const problem = await server.api.refused('nodes_lag', 'retireCaCertificate', one);
    assert.deepEqual(problem.body.nodes, ['edge-1']);
    await server.api.call('forgetCaBundleNode', { path: { name: 'cloud', node: 'edge-1' } });
    await server.api.refused('ca_bundle_not_found', 'forgetCaBundleNode', {
      path: { name: 'cloud', node: 'edge-1' },
    });
    assert.equal((await server.api.call('retireCaCertificate', one)).status, 204);
    const trail = (await server.api.call('listAuditEvents', { query: { subjectType: 'ca_bundle' } })).body
      .items;
    const actions = trail.map(({ action }: { action: string }) => action.split('.')[1]).reverse();
    assert.deepEqual(actions, [
      'certificates_added',
      'certificates_added',
      'node_forgotten',
      'certificate_retired',
    ]);
  });
});
