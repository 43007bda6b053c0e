import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseRulesFile } from '../../../src/engine/access/rules-file.ts';
import type { RuleEntry, RuleService } from '../../../src/fleet/devices/rule-service.ts';
import type { Actor } from '../../../src/model/audit.ts';
import { isThingPassError } from '../../../src/model/errors.ts';
import { type DatabaseClient, databaseClient } from '../../../src/storage/connections/prisma.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import {
  type ManagementStore,
  openManagementStore,
} from '../../../src/storage/repositories/management-store.ts';
import { entangled } from '../../engine/access/support.ts';
import { onEachDatabase } from '../../storage/support/on-each-database.ts';
import { LIFE } from '../../support/device-service.ts';

const actor: Actor = { name: 'test', origin: 'here' };
const allow = (filter: string, more: object = {}) => ({
  permission: 'allow',
  action: 'all',
  filter,
  ...more,
});

onEachDatabase((database) => {
  let client: DatabaseClient;
  let store: ManagementStore;
  let rules: RuleService;
  before(async () => {
    await migrate(database.location);
    client = databaseClient(database.location);
    store = await openManagementStore(client, LIFE);
    rules = store.rules;
    await store.putDevice(
      '6a1f3a0e-0000-4000-8000-00000000000a',
      { name: 'meter', profileName: 'meters', label: undefined, gateway: false },
      actor,
    );
  });
  after(() => client.close());

  const filters = async (owner?: object) => (await rules.list(owner)).map(({ filter }) => filter);
  const refused = (code: string, reason: RegExp) => (error: unknown) =>
    isThingPassError(error) && error.code === code && reason.test(error.message);

  test('rules are kept as they are written, for everybody, a profile or a device', async () => {
    const request = {
      permission: 'deny',
      action: 'publish',
      filter: `a/\${device.id}/#`,
      qos: [2, 0],
      retain: true,
    };
    const entry = await rules.create({ ...request, note: 'why', device: 'meter' }, actor);
    const { id, createdTime, ...kept } = entry;
    assert.ok(createdTime > Date.now() - 60_000);
    assert.deepEqual(kept, {
      ...request,
      qos: [0, 2],
      note: 'why',
      ownerName: 'meter',
      deviceId: '6a1f3a0e-0000-4000-8000-00000000000a',
      profileId: undefined,
    });
    assert.deepEqual(await rules.get(id), entry);
    const profile = await rules.create(allow('b/#', { profile: 'meters' }), actor);
    assert.equal(profile.ownerName, 'meters');
    const elsewhere = '6A1F3A0E-0000-4000-8000-0000000000FF';
    const byId = await rules.create(allow('c/#', { deviceId: elsewhere }), actor);
    assert.equal(byId.deviceId, elsewhere.toLowerCase(), 'ThingsBoard’s database may have it');
    await rules.create(allow('d/#'), actor);
    assert.deepEqual(await filters(), ['d/#', 'b/#', `a/\${device.id}/#`, 'c/#'], 'as they decide');
    assert.deepEqual(await filters({ profile: 'meters' }), ['b/#']);
    assert.deepEqual(await filters({ device: 'meter' }), [`a/\${device.id}/#`]);
    assert.deepEqual(await filters({}), ['d/#']);
    const trail = await store.audit.list({ subjectType: 'rule', subjectId: id, limit: 10 });
    assert.deepEqual(
      trail.map((event) => [event.action, event.actor, event.detail.filter]),
      [['rule.created', 'test', `a/\${device.id}/#`]],
    );
    for (const one of await rules.list()) await rules.remove(one.id, actor);
    assert.deepEqual(await rules.list(), []);
  });

  test('rules have an order that can be chosen', async () => {
    const made: RuleEntry[] = [];
    for (const filter of ['a', 'b', 'c']) made.push(await rules.create(allow(filter), actor));
    const [a, b, c] = made.map(({ id }) => id) as [string, string, string];
    await rules.create(allow('before b'), actor, b);
    assert.deepEqual(await filters(), ['a', 'before b', 'b', 'c']);
    await assert.rejects(rules.reorder({}, [c, b, a], actor), refused('rule_order_invalid', /each of the 4/));
    await rules.remove((await rules.list())[1]?.id as string, actor);
    await assert.rejects(rules.reorder({}, [c, b, b], actor), refused('rule_order_invalid', /each of the 3/));
    await rules.reorder({}, [c, b, a], actor);
    assert.deepEqual(await filters(), ['c', 'b', 'a']);
    const replaced = await rules.replace(b, allow('B', { permission: 'deny' }), actor);
    assert.deepEqual([replaced.id, replaced.permission], [b, 'deny']);
    assert.deepEqual(await filters(), ['c', 'B', 'a'], 'in its place');
    await rules.replace(c, allow('c', { profile: 'meters' }), actor);
    assert.deepEqual(await filters(), ['B', 'a', 'c'], 'somebody else’s now');
    await assert.rejects(rules.create(allow('x'), actor, c), refused('rule_not_found', /somebody else/));
    await rules.remove(a, actor);
    await assert.rejects(rules.remove(a, actor), refused('rule_not_found', /no such rule/));
    await assert.rejects(rules.replace(a, allow('a'), actor), refused('rule_not_found', /no such rule/));
    for (const one of await rules.list()) await rules.remove(one.id, actor);
  });

  test('a rule that cannot be used is refused with the reason, and nothing is kept', async () => {
    const bad: readonly (readonly [object, string, RegExp])[] = [
      [allow('a/#/b'), 'rule_invalid', /not a valid topic filter/],
      [allow(`a/\${secret}`), 'rule_invalid', /is not one of the placeholders/],
      [allow('$share/g/a'), 'rule_invalid', /\$share/],
      [allow('a', { quality: 1 }), 'rule_invalid', /not a member/],
      [allow('a', { deviceId: 'no-uuid' }), 'rule_invalid', /must be a UUID/],
      [allow('a', { note: 'a\0b' }), 'rule_invalid', /NUL/],
      [allow('a', { device: 'nobody' }), 'device_not_found', /nobody/],
      [allow('a', { profile: 'no\0body' }), 'profile_not_found', /no profile/],
    ];
    for (const [request, code, reason] of bad)
      await assert.rejects(rules.create(request, actor), refused(code, reason));
    assert.deepEqual(await rules.list(), []);
  });

  test('a set too complex to be checked is refused, together with the rules of the file', async () => {
    const wishes = entangled(16).map(({ permission, action, filter }) => ({ permission, action, filter }));
    const half = wishes.length / 2;
    const lines = wishes.slice(0, half).map((rule) => `  - ${JSON.stringify(rule)}\n`);
    const file = parseRulesFile(`rules:\n${lines.join('')}`, 'rules.yaml');
    assert.ok(file.ok, 'the file alone can be checked');
    const beside = await openManagementStore(client, LIFE, () => file.rules);
    let problem: unknown;
    try {
      for (const request of wishes.slice(half)) await beside.rules.create(request, actor);
    } catch (error) {
      problem = error;
    } finally {
      for (const one of await beside.rules.list()) await beside.rules.remove(one.id, actor);
    }
    assert.ok(refused('rules_too_complex', /the global rules are too entangled/)(problem), String(problem));
  });
});
