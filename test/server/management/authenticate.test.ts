import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase } from '../../storage/support/on-each-database.ts';
import { apiServer } from './support/api-server.ts';

onEachDatabase((database) => {
  const server = apiServer(database);

  test('without a key there is no API, on any path or method', async () => {
    const nobody = server.api.as(undefined);
    for (const { operationId, parameters = [], requestBody } of nobody.operations.values()) {
      const path = Object.fromEntries(
        parameters.filter((one) => one.in === 'path').map(({ name }) => [name, 'x']),
      );
      // Nothing of the request is looked at: not even a body that is no JSON.
      const body = requestBody === undefined ? {} : { body: '{' };
      const missing = await nobody.refused('key_missing', operationId, { path, ...body });
      assert.equal(missing.headers.get('www-authenticate'), 'Bearer realm="thingpass"');
      const wrong = await server.api
        .as(`thingpass_${'0'.repeat(16)}_${'a'.repeat(43)}`)
        .refused('key_invalid', operationId, { path, ...body });
      assert.match(wrong.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    }
  });

  test('a key does what its scopes say, and the refusal names the scope that is missing', async () => {
    const reader = server.api.as(await server.key('read'));
    const line = server.api.as(await server.key('provision'));
    await reader.call('listDevices');
    const refused = await reader.refused('scope_missing', 'createDevice', { body: { name: 'x' } });
    assert.equal(refused.status, 403);
    assert.deepEqual(refused.body.scopes, ['write', 'provision']);
    assert.match(
      refused.headers.get('www-authenticate') ?? '',
      /error="insufficient_scope", scope="write provision"/,
    );
    const { body } = await line.call('createDevice', { body: { name: 'made on the line' } });
    for (const operationId of ['getDevice', 'deleteDevice'])
      await line.refused('scope_missing', operationId, { path: { device: body.device.id } });
  });

  test('keys are taken in the headers that scripts for ThingsBoard send', async () => {
    const text = await server.key('read');
    for (const headers of [
      { authorization: `Bearer ${text}` },
      { 'x-authorization': `Bearer ${text}` },
      { 'x-authorization': `ApiKey ${text}` },
      { authorization: `bearer  ${text}` },
    ])
      assert.equal(
        (await fetch(`${server.url}/api/v1/devices`, { headers })).status,
        200,
        Object.keys(headers)[0],
      );
    for (const authorization of [text, `Basic ${text}`, 'Bearer', `Bearer ${text} x`])
      assert.equal((await fetch(`${server.url}/api/v1/devices`, { headers: { authorization } })).status, 401);
    assert.equal((await fetch(`${server.url}/api/v1/devices?key=${text}`)).status, 401, 'never in a URL');
  });

  test('what the framework refuses is a problem too, and tells what would be right', async () => {
    const authorization = `Bearer ${await server.key('read', 'write')}`;
    const send = async (method: string, path: string, body?: string, type = 'application/json') => {
      const headers = { authorization, ...(body === undefined ? {} : { 'content-type': type }) };
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const problem = (await response.json()) as { type: string; status: number };
      assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8');
      assert.equal(problem.status, response.status);
      return { response, code: problem.type.split('#')[1] };
    };
    const wrongMethod = await send('PATCH', '/devices', '{}');
    assert.deepEqual(
      [wrongMethod.response.status, wrongMethod.response.headers.get('allow')],
      [405, 'GET, HEAD, POST'],
    );
    assert.equal((await send('GET', '/no-such-thing')).response.status, 404);
    assert.equal((await send('POST', '/devices', '{}', 'text/plain')).response.status, 415);
    assert.equal(
      (await send('POST', '/devices', 'a=b', 'application/x-www-form-urlencoded')).response.status,
      415,
    );
    assert.equal(
      (await send('POST', '/devices', JSON.stringify({ name: 'x'.repeat(2 ** 20) }))).response.status,
      413,
    );
    for (const body of ['', '{', '{"name":"x","__proto__":{"a":1}}'])
      assert.equal((await send('POST', '/devices', body)).code, 'body_unreadable', body);
    const unreadable = await fetch(`${server.url}/api/v1/devices/%zz-secret`, { headers: { authorization } });
    assert.equal(unreadable.status, 400);
    assert.doesNotMatch(await unreadable.text(), /secret/);
  });
});
