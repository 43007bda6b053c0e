import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Imports } from '../../../../src/server/management/imports.ts';
import { databaseClient } from '../../../../src/storage/connections/prisma.ts';
import { openManagementStore } from '../../../../src/storage/repositories/management-store.ts';
import { eventually } from '../../../storage/support/eventually.ts';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { apiServer } from '../support/api-server.ts';

const FAST = { scheme: 'scrypt', ln: 4, r: 8, p: 1 } as const;
const MEBIBYTE = 1024 * 1024;
/** Of a hostile file: some hundred thousand lines. */
const MUCH = MEBIBYTE / 4;

interface Line {
  readonly line: number;
  readonly outcome: string;
  readonly detail?: string;
}

onEachDatabase((database) => {
  const server = apiServer(database);
  const upload = (query: Record<string, string | boolean | number>, body: string) =>
    server.api.call('importFile', { query, body });

  /** Where a client was refused before, news of it may take a second. */
  const connects = (attempt: Readonly<Record<string, unknown>>) =>
    eventually(async () => assert.equal(await server.connects(attempt), true), 3_000);

  test('a file’s devices connect; bad lines are told and change nothing, and twice is once', async () => {
    const file =
      'name,accessToken,label\nmeter-1,IMPORTED_1,first\nmeter-2,,\n,LOST,\nmeter-3,IMPORTED_3,"open\n';
    const dry = await upload({ format: 'csv', dryRun: true, profile: 'meters' }, file);
    assert.deepEqual(
      dry.body.lines.map(({ line, outcome }: Line) => `${line} ${outcome}`),
      ['2 created', '3 created', '4 refused', '5 refused'],
    );
    assert.equal(await server.connects({ username: 'IMPORTED_1' }), false);

    const { body } = await upload({ format: 'csv', profile: 'meters' }, file);
    assert.deepEqual([body.created, body.refused, body.dryRun, body.linesLeftOut], [2, 2, false, 0]);
    assert.deepEqual(
      body.lines
        .filter(({ outcome }: Line) => outcome === 'refused')
        .map(({ line, detail }: Line) => [line, detail]),
      [
        [4, 'no device name'],
        [5, 'a quoted field is not closed'],
      ],
    );
    assert.doesNotMatch(JSON.stringify(body), /IMPORTED|LOST/);
    await connects({ username: 'IMPORTED_1' });
    const device = await server.api.call('getDevice', { path: { device: 'meter-1' } });
    assert.deepEqual([device.body.profile.name, device.body.label], ['meters', 'first']);

    const again = (await upload({ format: 'csv' }, file)).body;
    assert.deepEqual([again.created, again.updated, again.unchanged], [0, 0, 2]);
    const { items } = (await server.api.call('listAuditEvents', { query: { subjectId: body.id } })).body;
    assert.deepEqual(
      items.map(({ action, actor }: { action: string; actor: string }) => `${action} ${actor}`),
      ['import.finished api-key:key-1', 'import.written api-key:key-1', 'import.started api-key:key-1'],
    );
  });

  test('users and rules come from other brokers’ files', async () => {
    const salted = createHash('sha512')
      .update('correct horse' + 'salt')
      .digest('hex');
    const emqx = { algorithm: 'sha512', saltPosition: 'suffix' };
    await upload({ format: 'emqx-csv', ...emqx }, `user_id,password_hash,salt\nemqx-1,${salted},salt\n`);
    const users = [{ user_id: 'emqx-2', password: 'correct horse' }];
    await upload({ format: 'emqx-json', passwords: 'provisional' }, JSON.stringify(users));
    await upload({ format: 'jsonl' }, '{"name":"json-1","userName":"json-1","password":"correct horse"}\n');
    for (const username of ['emqx-1', 'emqx-2', 'json-1']) {
      await connects({ username, password: 'correct horse' });
      assert.equal(await server.connects({ username, password: 'wrong' }), false, username);
    }
    const [kept] = await database.sql<{ hash: string }>(
      "SELECT s.hash FROM credentials_secret s JOIN device_credentials c ON c.id = s.device_credentials_id WHERE c.credentials_id = 'emqx-2'",
    );
    assert.match(kept?.hash ?? 'upgraded', /^\$emqx\$|^\$scrypt\$|upgraded/);

    const rules = await upload({ format: 'mosquitto-acl' }, 'user emqx-1\ntopic write meters/1/#\n');
    assert.equal(rules.body.created, 1);
    const listed = await server.api.call('listRules', { query: { device: 'emqx-1' } });
    assert.equal(listed.body.items[0].filter, 'meters/1/#');
    const refused = await upload({ format: 'mosquitto-acl' }, 'user nobody\ntopic write a\npattern read b\n');
    assert.deepEqual(
      refused.body.lines.map(({ line, outcome }: Line) => `${line} ${outcome}`),
      ['2 refused', '3 left_out'],
    );
    const many = Array.from({ length: 1_001 }, (_, index) => `pattern read t/${index}\n`).join('');
    const { body } = await server.api.refused('not_possible', 'importFile', {
      query: { format: 'mosquitto-acl' },
      body: many,
    });
    assert.match(body.detail, /more than 1000 rules/);
  });

  test('who may not write may not import, and what is no file is refused before it is read', async () => {
    const reader = server.api.as(await server.key('read', 'provision'));
    const query = { format: 'csv' };
    await reader.refused('scope_missing', 'importFile', { query, body: 'name\nx\n' });
    await server.api.refused('body_too_large', 'importFile', { query, body: 'x'.repeat(2 * MEBIBYTE + 1) });
    await server.api.refused('body_unreadable', 'importFile', { query, body: '' });
    await server.api.refused('body_unreadable', 'importFile', { query });
    await server.api.refused('request_invalid', 'importFile', { query: {}, body: 'name\nx\n' });
    await server.api.refused('request_invalid', 'importFile', {
      query: { format: 'thingsboard' },
      body: 'x',
    });
    await server.api.refused('request_invalid', 'importFile', {
      query: { format: 'emqx-csv', algorithm: 'pbkdf2' },
      body: 'user_id,password\n',
    });
    await server.api.refused('content_type_unsupported', 'importFile', {
      query,
      body: 'name\nx\n',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
  });

  test('hostile files neither break the server nor make others wait for them', async () => {
    const before = (await server.api.call('listDevices')).body.items.length;
    const hostile: [string, string][] = [
      ['csv', `name\n${'\n'.repeat(MUCH)}`],
      ['csv', `name,accessToken\n${'"'.repeat(MUCH)}`],
      ['csv', `name,accessToken\n${'"\n'.repeat(MUCH / 2)}`],
      ['csv', `name,accessToken\n${'",\n"x\n'.repeat(MUCH / 8)}`],
      ['csv', `${','.repeat(MUCH)}\n`],
      ['csv', 'name\n\ud800\n\0\n'],
      ['jsonl', '[]\nnull\n1\n"x"\n{"__proto__":{"name":"x"}}\n{"name":{"name":"x"}}\n'],
      ['jsonl', `${'{"name":'.repeat(100_000)}\n`],
      ['jsonl', '{}\n'.repeat(MUCH / 4)],
      ['emqx-json', `${'['.repeat(MUCH)}`],
      ['emqx-json', `[${'{"user_id":'.repeat(100_000)}`],
      ['emqx-json', `[${'{},'.repeat(MUCH / 4)}{}]`],
      ['emqx-csv', `user_id,${'x,'.repeat(MUCH / 2)}\n`],
      ['mosquitto-passwords', ':\n'.repeat(MUCH / 2)],
      ['mosquitto-passwords', `a:$7$${'9'.repeat(1_000)}$x$y\n`],
      ['mosquitto-acl', 'user\ntopic\n'.repeat(MUCH / 16)],
      ['mosquitto-acl', `pattern ${'+/'.repeat(100_000)}\n`],
    ];
    for (const [format, file] of hostile) {
      const detail = `${format} ${JSON.stringify(file.slice(0, 40))}`;
      let ended = false;
      const imported = server.api.ask('importFile', { query: { format }, body: file }).finally(() => {
        ended = true;
      });
      // Each answer comes between two steps of the import.
      let answers = 0;
      for (; !ended; answers++) assert.equal(await server.connects({ username: 'nobody' }), false);
      const { status, body } = await imported;
      assert.ok(status === 200 || status === 422, `${detail}: ${status}`);
      assert.ok((body.created ?? 0) === 0, detail);
      assert.ok(file.length < 100_000 || answers > 1, `${detail}: ${answers} others were answered`);
      assert.ok((body.lines?.length ?? 0) <= 1_000, detail);
      if (format === 'jsonl' && file.startsWith('{}')) assert.equal(body.linesLeftOut, body.refused - 1_000);
    }
    assert.equal((await server.api.call('listDevices')).body.items.length, before);
    assert.deepEqual(
      server.logged.filter(({ level }) => level === 'error'),
      [],
    );
  });

  test('there is one import at a time', async () => {
    const lines = Array.from({ length: 2_000 }, (_, index) => `{"name":"both-${index}"}\n`).join('');
    const both = await Promise.all(
      [1, 2].map(() =>
        server.api.ask('importFile', { query: { format: 'jsonl', dryRun: true }, body: lines }),
      ),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
    await upload({ format: 'jsonl', dryRun: true }, lines);
  });

  test('an import that takes too long says where to go on', async (context) => {
    const client = databaseClient(database.location);
    const store = await openManagementStore(client, {
      keepPassword: async () => assert.fail('imports keep passwords themselves'),
      overlapMs: 0,
      now: Date.now,
      oneCredentialPerDevice: false,
    });
    context.after(() => client.close());
    const settings = { oneCredentialPerDevice: false, passwords: { chosen: FAST, scramIterations: 0 } };
    const request = {
      format: 'jsonl',
      options: {},
      dryRun: false,
      profile: 'default',
      passwords: 'chosen',
      force: false,
    } as const;
    const actor = { name: 'test', origin: 'here' };
    const lines = Array.from({ length: 20_000 }, (_, index) => `{"name":"slow-${index}"}\n`);
    const first = await new Imports(settings, 300).run(Buffer.from(lines.join('')), request, store, actor);
    assert.equal(first.counts.created, (first.nextLine ?? 0) - 1);
    assert.ok(first.counts.created > 0 && first.counts.created < 20_000);
    const rest = lines.slice(first.counts.created, first.counts.created + 100);
    const second = await new Imports(settings).run(Buffer.from(rest.join('')), request, store, actor);
    assert.deepEqual([second.counts.created, second.counts.unchanged, second.nextLine], [100, 0, undefined]);
  });
});
