import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OPERATIONS } from '../../../src/server/management/operations.ts';
import { PROBLEMS } from '../../../src/server/management/problem.ts';
import { startTestServer } from '../../support/server.ts';
import { DOCUMENT } from './support/api-client.ts';
import { OPENAPI_FILE, openApiText } from './write-openapi.ts';

test('the document in the repository is that of the code', () => {
  assert.equal(readFileSync(OPENAPI_FILE, 'utf8'), openApiText(), 'run: npm run openapi');
});

test('the document is OpenAPI 3.1, and every operation has an id of its own and says what refuses', () => {
  assert.match(DOCUMENT.openapi, /^3\.1\.\d+$/);
  const ids = OPERATIONS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const methods of Object.values(DOCUMENT.paths)) {
    for (const one of Object.values(methods)) {
      for (const status of ['400', '401', '403'])
        assert.ok(one.responses[status], `${one.operationId} ${status}`);
    }
  }
});

test('every reference of the document leads somewhere', () => {
  const names = [...JSON.stringify(DOCUMENT).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  );
  assert.ok(names.length > 10);
  for (const name of names) assert.ok(DOCUMENT.components.schemas[name as string], name);
});

test('the pages are there for anybody, without scripts and without anything that the policy forbids', async (context) => {
  const server = await startTestServer();
  context.after(() => server.close());
  const get = (path: string) => fetch(server.url + path);
  assert.deepEqual(await (await get('/docs/openapi.json')).json(), DOCUMENT);
  for (const path of ['/docs', '/docs/problems']) {
    const response = await get(path);
    const html = await response.text();
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.doesNotMatch(html, /<script|<img|<link|style=|onclick/i);
    assert.equal((html.match(/<style>/g) ?? []).length, 1);
  }
  const problems = await (await get('/docs/problems')).text();
  for (const code of Object.keys(PROBLEMS)) assert.ok(problems.includes(`id="${code}"`), code);
  const page = await (await get('/docs')).text();
  for (const { id } of OPERATIONS) assert.ok(page.includes(`id="${id}"`), id);
});
