import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Installation } from '../support/process.ts';
import { emqxApi, fakeBrokerApi } from '../support/session-brokers.ts';

test('commands that end credentials end the sessions too, and say what became of them', async (t) => {
  const clients = new Map([
    ['one', 'token-of-one'],
    ['two', 'token-of-two'],
    ['three', 'token-of-three'],
    ['four', 'token-of-four'],
  ]);
  const emqx = await fakeBrokerApi(emqxApi(clients).answer);
  t.after(() => emqx.close());
  const installation = new Installation({
    THINGPASS_END_SESSIONS: 'emqx',
    THINGPASS_EMQX_API_URL: `${emqx.url}/api/v5`,
    THINGPASS_EMQX_API_KEY: 'key:secret',
  });
  const create = (name: string) =>
    installation.json<{ id: string }>('device', 'create', name, '--token', `token-of-${name}`);
  await create('one');
  await create('two');
  const { id } = await create('three');
  await create('four');

  const { stdout } = await installation.run(['credentials', 'revoke', 'one']);
  assert.match(stdout, /^revoked ACCESS_TOKEN of one .*\nsession one at emqx: ended\n$/);
  const ended = (clientId: string) => [{ broker: 'emqx', clientId, result: 'ended' }];
  assert.deepEqual((await installation.json('device', 'delete', 'two')).ended, ended('two'));
  assert.deepEqual((await installation.json('deny', 'add', 'device', id)).ended, ended('three'));
  assert.deepEqual(
    (await installation.json('credentials', 'set', 'four', '--token', 'new')).ended,
    ended('four'),
  );
  assert.deepEqual([...clients.keys()], []);

  await emqx.close();
  await installation.json('device', 'create', 'five');
  const { code, stdout: detail } = await installation.run(['device', 'delete', 'five']);
  assert.equal(code, 0, 'what it rests on has ended all the same');
  assert.match(detail, /sessions at emqx: not ended \(no answer \(ECONNREFUSED\)\)/);
});
