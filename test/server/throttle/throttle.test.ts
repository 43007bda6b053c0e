import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeciderSettings } from '../../../src/engine/deciding/decider.ts';
import { CONNACK_ACCEPTED, type Decision, deny, unavailable } from '../../../src/model/decision.ts';
import type { Question } from '../../../src/model/question.ts';
import { withThrottle } from '../../../src/server/build-decider.ts';
import type { Handler } from '../../../src/server/process-group/channel.ts';
import { type ProcessGroup, singleProcess } from '../../../src/server/process-group/group.ts';
import { Throttle } from '../../../src/server/throttle/throttle.ts';
import { attemptOf } from '../../engine/credentials/support.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { SCRAM_KEYS } from '../../support/decisions.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { testConfig } from '../../support/server.ts';

const ALLOW: Decision = { outcome: 'allow', role: 'device', connack: CONNACK_ACCEPTED, steps: [] };
const WRONG = deny('credentials_unknown', [], undefined, true);
const BELIEVED: DeciderSettings = {
  ...PLAIN_SETTINGS,
  carriesPassport: false,
  sendsAclAtConnect: false,
  trustsPeerAddress: () => true,
};

interface Client {
  readonly clientId?: string;
  readonly username?: string;
  readonly peerAddress?: string;
}

function throttled(environment: Record<string, string> = {}) {
  const clock = { now: 1_000_000 };
  const { throttle: config } = testConfig({
    THINGPASS_THROTTLE: 'address,client_id,credentials_id',
    THINGPASS_THROTTLE_FAILURES: '3',
    ...environment,
  });
  const throttle = new Throttle(config, singleProcess(), () => clock.now);
  let asked = 0;
  let answer: Decision = WRONG;
  const decider = withThrottle(
    {
      async decide() {
        asked++;
        return answer;
      },
    },
    throttle,
    () => SCRAM_KEYS,
  );
  return {
    throttle,
    clock,
    asked: () => asked,
    /** The reason for which a client is refused, `undefined` where it is not. */
    async login(
      client: Client,
      then: Decision,
      settings = BELIEVED,
      kind: 'connect' | 'scram' = 'connect',
    ): Promise<Decision> {
      answer = then;
      const attempt = attemptOf({ clientId: '', username: '', ...client });
      return decider.decide({ kind, attempt } as Question, settings);
    },
    values: (): string[] => throttle.list({}).map(({ by, value }) => `${by} ${value}`),
  };
}

const reason = (decision: Decision): string | undefined =>
  'reason' in decision ? decision.reason : undefined;
const FROM = { peerAddress: '203.0.113.7' };

test('too many failures from one address block it, whoever they name; another is free', async () => {
  const { login, asked, clock } = throttled();
  for (const clientId of ['a', 'b', 'c']) await login({ ...FROM, clientId, username: clientId }, WRONG);
  const refused = await login({ ...FROM, clientId: 'd' }, ALLOW);
  assert.equal(reason(refused), 'throttled');
  assert.deepEqual(refused.connack, { v3: 3, v5: 0x9f });
  assert.equal(asked(), 3, 'what the client brings is not looked at');
  assert.equal((await login({ peerAddress: '203.0.113.8', clientId: 'd' }, ALLOW)).outcome, 'allow');
  clock.now += 60_000;
  assert.equal((await login({ ...FROM, clientId: 'd' }, ALLOW)).outcome, 'allow');
});

test('client ids and credentials ids are counted wherever they come from', async () => {
  const byClient = throttled();
  for (const peerAddress of ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    await byClient.login({ peerAddress, clientId: 'meter', username: peerAddress }, WRONG);
  assert.deepEqual(byClient.values(), ['client_id meter']);
  const byName = throttled();
  for (const clientId of ['1', '2', '3']) await byName.login({ clientId, username: 'boiler' }, WRONG);
  assert.match(byName.values().join(), /^credentials_id #[0-9a-f]{12}$/);
  assert.equal(reason(await byName.login({ clientId: '4', username: 'boiler' }, ALLOW)), 'throttled');
});

test('a good login takes away what was counted', async () => {
  const { login, values } = throttled();
  for (let round = 0; round < 5; round++) {
    await login({ ...FROM, clientId: 'x' }, WRONG);
    await login({ ...FROM, clientId: 'x' }, WRONG);
    await login({ ...FROM, clientId: 'x' }, ALLOW);
  }
  assert.deepEqual(values(), []);
});

test('one misconfigured device behind an address does not lock out those that logged in there before', async () => {
  const { login, values } = throttled();
  const good = { ...FROM, clientId: 'good', username: 'good-token' };
  await login(good, ALLOW);
  for (let time = 0; time < 3; time++) await login({ ...FROM, clientId: 'bad', username: 'bad' }, WRONG);
  assert.ok(values().includes('address 203.0.113.7'));
  assert.equal(reason(await login({ ...FROM, clientId: 'new' }, ALLOW)), 'throttled');
  assert.equal((await login(good, ALLOW)).outcome, 'allow');
  assert.deepEqual(
    values().filter((one) => one.startsWith('address')),
    [],
    'and that clears the address',
  );
});

test('a client that is known counts like any other once it fails itself', async () => {
  const { login } = throttled();
  const client = { ...FROM, clientId: 'stolen', username: 'name' };
  await login(client, ALLOW);
  for (let time = 0; time < 3; time++) await login(client, WRONG);
  assert.equal(reason(await login(client, ALLOW)), 'throttled');
});

test('only what ThingsBoard counts is counted', async () => {
  const { login, values } = throttled();
  const uncounted: Decision[] = [
    deny('profile_transport_mismatch'),
    deny('denied_by_list'),
    unavailable('overloaded'),
    { ...WRONG, outcome: 'no_opinion' },
  ];
  for (const decision of uncounted) {
    for (let time = 0; time < 4; time++)
      assert.deepEqual(await login({ ...FROM, clientId: 'x', username: 'x' }, decision), decision);
  }
  assert.deepEqual(values(), []);
});

test('an address counts only where the broker itself saw it, and never that of a caller or of a proxy', async () => {
  const { throttle, login, values } = throttled({
    THINGPASS_THROTTLE: 'address',
    THINGPASS_THROTTLE_NEVER: '192.0.2.0/24',
    THINGPASS_THROTTLE_BELIEVED_BROKERS: 'vernemq',
  });
  throttle.noteCaller('::ffff:198.51.100.1');
  const fail = async (peerAddress: string, settings = BELIEVED) => {
    for (let time = 0; time < 4; time++)
      await login({ peerAddress, clientId: String(time) }, WRONG, settings);
  };
  await fail('203.0.113.7', { ...BELIEVED, trustsPeerAddress: undefined });
  await fail('192.0.2.77');
  await fail('198.51.100.1');
  await fail('not an address');
  assert.deepEqual(values(), []);
  await fail('203.0.113.7');
  assert.deepEqual(values(), ['address 203.0.113.7']);
  throttle.noteCaller('203.0.113.7');
  assert.equal(
    (await login(FROM, ALLOW)).outcome,
    'allow',
    'a broker that is blocked already is let through',
  );
});

test('SCRAM is refused with keys, and its allows prove nothing', async () => {
  const { login, values } = throttled();
  const client = { ...FROM, clientId: 'x', username: 'who' };
  const answers: Decision[] = [];
  for (let time = 0; time < 3; time++) {
    await login(client, ALLOW, BELIEVED, 'scram');
    answers.push(await login(client, { ...WRONG, scramKeys: SCRAM_KEYS }, BELIEVED, 'scram'));
  }
  assert.equal(values().length, 3, 'allows between them cleared nothing');
  const refused = await login(client, ALLOW, BELIEVED, 'scram');
  assert.equal(reason(refused), 'throttled');
  assert.ok(refused.outcome === 'deny' && refused.scramKeys, 'no keys would tell who is known here');
});

test('without the setting nothing is counted', async () => {
  const { login, values } = throttled({ THINGPASS_THROTTLE: '' });
  for (let time = 0; time < 20; time++) await login({ ...FROM, clientId: 'x' }, WRONG);
  assert.deepEqual(values(), []);
});

test('a worker that was too far behind to be told all asks what it missed', async (context) => {
  const clock = fakeClock(context);
  const { throttle: config } = testConfig({
    THINGPASS_THROTTLE: 'client_id',
    THINGPASS_THROTTLE_FAILURES: '1',
  });
  const handlers = { primary: new Map<string, Handler>(), worker: new Map<string, Handler>() };
  let far = false;
  const toPrimary = (name: string, payload: unknown) => handlers.primary.get(name)?.(payload as never);
  const crewOf = (role: 'primary' | 'worker'): ProcessGroup => ({
    ...singleProcess(),
    role,
    handle: (name, handler) => void handlers[role].set(name, handler),
    tellPrimary: (name, payload) => void toPrimary(name, payload),
    askPrimary: async <Answer>(name: string, payload: unknown) => (await toPrimary(name, payload)) as Answer,
    broadcast(name, payload) {
      if (!far) handlers.worker.get(name)?.(payload as never);
    },
  });
  const primary = new Throttle(config, crewOf('primary'));
  const worker = new Throttle(config, crewOf('worker'));
  await worker.start();
  const client = (clientId: string) => attemptOf({ clientId, username: '' });
  const isBlocked = (clientId: string) => worker.blockedBy(client(clientId), BELIEVED) !== undefined;
  const fail = async (clientId: string) => {
    worker.learn(client(clientId), BELIEVED, WRONG, true);
    await clock.pass(30);
  };
  await fail('heard');
  far = true;
  await fail('missed');
  assert.equal(primary.clear({ value: 'heard' }), 1);
  assert.deepEqual([isBlocked('heard'), isBlocked('missed')], [true, false]);
  far = false;
  await fail('later');
  assert.deepEqual(['heard', 'missed', 'later'].map(isBlocked), [false, true, true]);
  primary.close();
  worker.close();
});
