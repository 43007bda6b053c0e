import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Installation } from '../support/process.ts';

/* What a start loads. Loading is most of a start, so what only some installations or some requests need comes later. */

/** Parts of addresses of scripts, each of which takes longer to load than a decision may. */
const NOT_AT_START = [
  ...['/node_modules/pg/', '/node_modules/@prisma/', '/node_modules/pkijs/', '/node_modules/asn1js/'],
  ...[
    '/node_modules/yaml/',
    '/node_modules/typebox/',
    '/node_modules/undici/',
    '/node_modules/@fastify/helmet',
  ],
  ...['/node_modules/hash-wasm/', '/storage/generated/', '/management/resources/', '/management/openapi'],
  '/node_modules/typescript/',
];

/** The scripts that the server loaded until it listened, as V8 tells them at its end. */
async function loaded(installation: Installation): Promise<string[]> {
  const coverage = join(installation.folder, 'coverage');
  installation.environment.NODE_V8_COVERAGE = coverage;
  const server = await installation.serve();
  await server.stop();
  const urls = readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as {
      result: { url: string }[];
    };
    return result.map(({ url }) => url);
  });
  assert.ok(
    urls.some((url) => url.includes('/node_modules/fastify/')),
    'scripts of packages are told',
  );
  return urls;
}

test('neither the first start nor a later one loads what only some need', async () => {
  const installation = new Installation();
  for (const start of ['the first', 'a later']) {
    const urls = await loaded(installation);
    const heavy = urls.filter((url) => NOT_AT_START.some((part) => url.includes(part)));
    assert.deepEqual(heavy, [], `${start} start`);
  }
});
