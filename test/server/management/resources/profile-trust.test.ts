import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { apiServer } from '../support/api-server.ts';

onEachDatabase((database) => {
  const server = apiServer(database);

  test('what a profile asks of certificates is put, shown and taken back', async () => {
    const path = { profile: randomUUID() };
    const call = (...args: Parameters<typeof server.api.call>) => server.api.call(...args);
    assert.deepEqual((await call('getCertificateTrust', { path })).body, {});
    const put = await call('putCertificateTrust', { path, body: { path: 'require', ocsp: 'warn' } });
    assert.deepEqual([put.status, put.body], [200, { path: 'require', ocsp: 'warn' }]);
    assert.deepEqual((await call('getCertificateTrust', { path })).body, { path: 'require', ocsp: 'warn' });
    await call('putCertificateTrust', { path, body: {} });
    assert.deepEqual((await call('getCertificateTrust', { path })).body, {});
  });
});
