import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideTopic } from '../../../src/engine/access/decide-topic.ts';
import { type EmqxListOptions, emqxList } from '../../../src/engine/access/emqx-list.ts';
import { compileRules } from '../../../src/engine/access/rule-set.ts';
import { emqxDecides } from '../../../src/tools/broker-simulator/emqx.ts';
import { goldenJson } from '../../support/golden.ts';
import { DEVICE_ID, filters, rule, rules, subject, TOPICS } from './support.ts';

const OPTIONS: EmqxListOptions = { perDeviceMountpoint: false, authorizer: true };

const asked: fc.Arbitrary<Parameters<typeof emqxDecides>[1]> = fc
  .record({
    action: fc.constantFrom('publish' as const, 'subscribe' as const),
    topic: fc.oneof(
      fc.constantFrom(...TOPICS),
      fc.constantFrom(
        'v1/devices/me/telemetry',
        'v1/devices/me/attributes/request/1',
        'v1/devices/me/attributes/request/abc',
        `devices/${DEVICE_ID}/x`,
        'devices/other/x',
        '/provision/request',
      ),
    ),
    filter: fc.oneof(
      filters,
      fc.constantFrom(
        'v1/devices/me/rpc/request/+',
        'v1/devices/me/#',
        `devices/${DEVICE_ID}/#`,
        'devices/#',
      ),
    ),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retain: fc.boolean(),
  })
  .map(({ topic, filter, ...more }) => ({ ...more, topic: more.action === 'publish' ? topic : filter }));

const options: fc.Arbitrary<EmqxListOptions> = fc.record({
  perDeviceMountpoint: fc.boolean(),
  authorizer: fc.boolean(),
  maximumRules: fc.constantFrom(2, 250),
});

const holders = [
  subject(),
  subject({ role: 'gateway' }),
  subject({ role: 'provisioning_session', device: undefined }),
  subject({ device: { ...subject().device, topics: { telemetry: '#', attributesSubscribe: '#' } } as never }),
];

test('the list never allows more than decideTopic, and denies only publishes that decideTopic denies', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      rules,
      fc.constantFrom(...holders),
      options,
      fc.array(asked, { minLength: 20, maxLength: 20 }),
      (list, who, how, all) => {
        const set = compileRules(list);
        const sent = emqxList(who, set, how);
        assert.ok(!JSON.stringify(sent).includes('${'), 'EMQX would fill in a placeholder');
        for (const one of all) {
          const ours = decideTopic(who, one, set, how).allowed;
          const theirs = emqxDecides(sent, one);
          if (who === holders[0] && how.authorizer && how.maximumRules === 250) {
            const key = `${one.action} ${theirs} ${ours}`;
            seen.set(key, (seen.get(key) ?? 0) + 1);
          }
          if (theirs === 'allow')
            assert.ok(ours, `EMQX allows ${JSON.stringify(one)} by ${JSON.stringify(sent)}`);
          if (theirs === 'deny' && how.authorizer) assert.ok(!ours, `EMQX denies ${JSON.stringify(one)}`);
        }
      },
    ),
    { numRuns: 3000 },
  );
  // The property would hold for an empty list too: the list has to decide most of what is allowed by itself.
  for (const action of ['publish', 'subscribe']) {
    const detail = seen.get(`${action} allow true`) ?? 0;
    const left = (seen.get(`${action} next true`) ?? 0) + (seen.get(`${action} deny true`) ?? 0);
    assert.ok(detail > left, `${action}: ${detail} allowed by the list, ${left} left to the authorizer`);
  }
});

test('the model reads lists as EMQX 5.8.9 and 6.2.2 do', () => {
  interface Vector {
    id: string;
    response: { body?: string };
    outcome: {
      result: string;
      superuser?: boolean;
      then?: {
        op: string;
        topic: string;
        qos: number;
        retain?: boolean;
        code_v5: number | null;
        authorizer_asked: boolean;
      }[];
    };
  }
  const { vectors } = goldenJson<{ vectors: Vector[] }>('vectors/emqx/responses.json');
  let compared = 0;
  for (const { id, response, outcome } of vectors) {
    if (!id.startsWith('authn/acl-') || outcome.then === undefined || outcome.superuser) continue;
    const body = JSON.parse(response.body ?? '{}') as { acl: Record<string, unknown>[] };
    if (JSON.stringify(body).includes('${') || id === 'authn/acl-badtopic') continue;
    const list = body.acl.map((raw) => ({
      permission: raw.permission,
      action: { pub: 'publish', sub: 'subscribe' }[String(raw.action)] ?? raw.action,
      topics: raw.topics ?? [raw.topic],
      ...(raw.qos === undefined ? {} : { qos: String(raw.qos).split(',').map(Number) }),
      ...(raw.retain === undefined ? {} : { retain: String(raw.retain) === 'true' }),
    })) as never;
    for (const one of outcome.then) {
      const action = one.op === 'pub' ? 'publish' : 'subscribe';
      const topic = one.topic.replace(/^\$share\/[^/]+\//, '');
      const theirs = emqxDecides(list, { action, topic, qos: one.qos as 0, retain: one.retain ?? false });
      const seen = one.authorizer_asked ? 'next' : one.code_v5 === 135 ? 'deny' : 'allow';
      // A QoS 0 publish is answered by nothing, so refused and allowed look alike.
      if (one.code_v5 === null && seen !== 'next')
        assert.notEqual(theirs, 'next', `${id} ${one.op} ${topic}`);
      else assert.equal(theirs, seen, `${id} ${one.op} ${topic}`);
      compared++;
    }
  }
  assert.ok(compared > 50, String(compared));
});

const sub = (list: ReturnType<typeof emqxList>) => list.filter((one) => one.action === 'subscribe');

test('wildcard allows that EMQX would read too widely are sent as one exact filter', () => {
  const set = compileRules([
    rule('deny subscribe a/secret'),
    rule('allow subscribe a/#'),
    rule('allow subscribe b/+'),
    rule('allow subscribe c/+/#'),
    rule('allow subscribe d/+/e'),
    rule('allow subscribe e/#'),
  ]);
  assert.deepEqual(
    sub(emqxList(subject(), set, OPTIONS)).map(({ topics }) => topics[0]),
    ['eq b/+', 'eq c/+/#', 'd/+/e', 'e/#', `devices/${DEVICE_ID}/#`],
  );
});

test('ThingsBoard’s filters are listed with a mount point per device', () => {
  const apart = sub(emqxList(subject(), compileRules([]), { ...OPTIONS, perDeviceMountpoint: true }));
  assert.ok(apart.some(({ topics }) => topics[0] === 'eq v1/devices/me/rpc/request/+'));
  const shared = sub(emqxList(subject(), compileRules([]), OPTIONS));
  assert.deepEqual(shared, [
    { permission: 'allow', action: 'subscribe', topics: [`devices/${DEVICE_ID}/#`] },
  ]);
});

test('allows that EMQX would misread are omitted, and such denies close more', () => {
  const set = compileRules([
    rule('deny publish a/<username>/b'),
    rule('allow publish eq a/b'),
    rule('allow publish a/#'),
  ]);
  // "$" at the end of a value and "{" at the beginning of the next would make a placeholder of EMQX's.
  const list = emqxList(
    subject({ username: 'x' }),
    compileRules([rule('deny publish a/<username>{b}/c'), rule('allow publish a/#')]),
    OPTIONS,
  );
  assert.deepEqual(list[0]?.topics, ['a/x{b}/c']);
  const risky = emqxList(
    subject({ username: 'x$' }),
    compileRules([rule('deny publish a/<username>{b}/c'), rule('allow publish a/#')]),
    OPTIONS,
  );
  assert.deepEqual(risky[0]?.topics, ['a/#']);
  assert.ok(!JSON.stringify(emqxList(subject(), set, OPTIONS)).includes('eq a/b'));
});

test('a deny whose first level EMQX would misread closes everything', () => {
  for (const set of [
    [rule('deny publish $<username>/x'), rule('allow publish $own/#')],
    [rule('deny publish <username>/x'), rule('allow publish $own/#')],
    [rule('deny publish eq a/x'), rule('allow publish $own/#')],
  ]) {
    const list = emqxList(subject({ username: '{b}' }), compileRules(set), OPTIONS);
    const unfilled = emqxList(subject({ username: '+' }), compileRules(set), OPTIONS);
    const plain = set[0]?.filter.startsWith('$' + '{username}') ? unfilled : list;
    assert.deepEqual(plain[0], { permission: 'deny', action: 'publish', topics: ['#', '$SYS/#'] });
    assert.ok(!JSON.stringify(plain).includes('$own'));
  }
});

test('without an authorizer the list ends with a deny of everything, $SYS included', () => {
  const list = emqxList(subject(), compileRules([rule('allow all #')]), { ...OPTIONS, authorizer: false });
  assert.deepEqual(list.at(-1), { permission: 'deny', action: 'all', topics: ['#', '$SYS/#'] });
});

test('a provisioning session has its two topics and nothing else', () => {
  const who = subject({ role: 'provisioning_session', device: undefined });
  assert.deepEqual(
    emqxList(who, compileRules([rule('allow all #')]), { ...OPTIONS, perDeviceMountpoint: true }),
    [
      { permission: 'allow', action: 'publish', topics: ['/provision/request'] },
      { permission: 'deny', action: 'publish', topics: ['#', '$SYS/#'] },
      { permission: 'allow', action: 'subscribe', topics: ['eq /provision/response'] },
    ],
  );
});
