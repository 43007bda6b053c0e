import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIALECTS } from '../../src/brokers/registry.ts';
import { type Decision, deny, unavailable } from '../../src/model/decision.ts';
import { Shedding } from '../../src/server/shedding.ts';
import { eventually } from '../storage/support/eventually.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { startWebhooks } from '../support/server.ts';

test('beyond the bound each broker is told "not now" as it reads that, whatever it sends, and then all is well again', async (t) => {
  let resolve: (decision: Decision) => void = () => undefined;
  const undecided = new Promise<Decision>((decided) => {
    resolve = decided;
  });
  const server = await startWebhooks({ decide: () => undecided }, { THINGPASS_MOST_IN_FLIGHT: '2' });
  t.after(() => {
    resolve(deny('credentials_unknown'));
    return server.close();
  });
  const ask = (path: string, method = 'POST', body: string | undefined = '{"username":"x"}') =>
    fetch(server.url + path, {
      method,
      ...(method === 'POST' ? { body, headers: { 'content-type': 'application/json' } } : {}),
    });
  const reasonOf = async (reply: Response) => ((await reply.json()) as { reason?: string }).reason;
  const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
  const admitted = [ask('/v1/connect'), ask('/v1/connect')];
  await eventually(async () => assert.match(await metrics(), /^thingpass_in_flight 2$/m), 10_000);
  let shed = 0;
  for (const { broker, endpoints } of DIALECTS) {
    for (const { path, methods, answer } of endpoints) {
      const method = methods.includes('POST') ? 'POST' : (methods[0] as string);
      // Nothing that could be read: what is refused early is not looked at.
      const reply = await ask(path, method, '{"username":');
      const expected = answer(unavailable('overloaded'), undefined);
      assert.equal(reply.status, expected.status, `${broker} ${path}`);
      const body = await reply.text();
      assert.equal(body, method === 'HEAD' ? '' : expected.body, `${broker} ${path}`);
      for (const [name, value] of Object.entries(expected.headers))
        assert.ok(reply.headers.get(name)?.startsWith(value), `${broker} ${path} ${name}`);
      shed++;
    }
  }
  assert.match(await metrics(), new RegExp(`^thingpass_shed_total\\{by="in_flight"\\} ${shed}$`, 'm'));
  resolve(deny('credentials_unknown'));
  for (const reply of await Promise.all(admitted)) assert.equal(await reasonOf(reply), 'credentials_unknown');
  assert.equal(await reasonOf(await ask('/v1/connect')), 'credentials_unknown');
  assert.match(await metrics(), /^thingpass_in_flight 0$/m);
});

test('a process that is late again and again refuses, one that was late once does not', async (t) => {
  const clock = fakeClock(t);
  const shedding = new Shedding({ mostInFlight: 10, longestLagMs: 50 });
  t.after(() => shedding.close());
  const beLate = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time++) {
      clock.standStill(150);
      await clock.pass(100);
    }
  };
  await clock.pass(1_000);
  await beLate(1);
  assert.equal(shedding.refuses(), false);
  await clock.pass(100);
  await beLate(2);
  assert.equal(shedding.refuses(), true);
  await clock.pass(100);
  assert.equal(shedding.refuses(), false);
});
