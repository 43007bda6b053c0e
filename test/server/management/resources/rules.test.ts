import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '../../../storage/support/eventually.ts';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { apiServer } from '../support/api-server.ts';

onEachDatabase((database) => {
  const server = apiServer(database);
  const call = (...args: Parameters<typeof server.api.call>) => server.api.call(...args);

  async function publishes(username: string, topic: string): Promise<boolean> {
    const response = await fetch(`${server.url}/v1/authorize`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, action: 'publish', topic }),
    });
    return response.status === 200;
  }

  test('a rule is in force within a second, in its place, until it is deleted', async () => {
    const { body } = await call('createDevice', { body: { name: 'ruled' } });
    const token = body.secret.value as string;
    const may = (wanted: boolean) =>
      eventually(async () => assert.equal(await publishes(token, 'plant/a'), wanted));
    const allow = { permission: 'allow', action: 'publish', filter: 'plant/#', device: 'ruled' };
    const rule = (await call('createRule', { body: allow })).body;
    assert.deepEqual([rule.deviceId, rule.ownerName], [body.device.id, 'ruled']);
    await may(true);
    const deny = { permission: 'deny', action: 'all', filter: 'plant/a', deviceId: body.device.id };
    const first = (await call('createRule', { body: deny, query: { before: rule.id } })).body;
    await may(false);
    const order = { query: { device: 'ruled' }, body: { rules: [rule.id, first.id] } };
    const ordered = await call('orderRules', order);
    assert.deepEqual(
      ordered.body.items.map(({ id }: { id: string }) => id),
      [rule.id, first.id],
    );
    await may(true);
    await server.api.refused('rule_order_invalid', 'orderRules', { ...order, body: { rules: [rule.id] } });
    const path = { rule: rule.id };
    const put = await call('putRule', {
      path,
      body: { ...allow, filter: 'other/#', note: 'moved', qos: [0, 1] },
    });
    assert.deepEqual(
      (await call('putRule', { path, body: { ...allow, filter: 'other/#', note: 'moved', qos: [0, 1] } }))
        .body,
      put.body,
    );
    await may(false);
    const page = await call('listRules', { query: { device: 'ruled', limit: 1 } });
    const rest = await call('listRules', { query: { device: 'ruled', cursor: page.body.next } });
    assert.deepEqual(
      [...page.body.items, ...rest.body.items].map(({ id }) => id),
      [rule.id, first.id],
    );
    await call('deleteRule', { path });
    for (const operationId of ['getRule', 'deleteRule'])
      await server.api.refused('rule_not_found', operationId, { path });
    await server.api.refused('cursor_invalid', 'listRules', {
      query: { device: 'ruled', cursor: page.body.next },
    });
    const trail = await call('listAuditEvents', { query: { subjectType: 'rule', subjectId: rule.id } });
    assert.match(trail.body.items[0].actor, /^api-key:/);
  });

  test('rules that cannot be used are refused', async () => {
    const rule = { permission: 'allow', action: 'subscribe', filter: 'a' };
    for (const wrong of [
      { filter: 'a/#/b' },
      { retain: true },
      { profile: 'x', device: 'y' },
      { filter: `\${nothing}/a` },
    ])
      await server.api.refused('rule_invalid', 'createRule', { body: { ...rule, ...wrong } });
    await server.api.refused('profile_not_found', 'createRule', { body: { ...rule, profile: 'nowhere' } });
    await server.api.refused('rule_not_found', 'createRule', { body: rule, query: { before: randomUUID() } });
    await server.api.refused('rule_not_found', 'putRule', { path: { rule: randomUUID() }, body: rule });
  });
});
